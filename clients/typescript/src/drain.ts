import { CursorExpiredError } from "./errors.ts";
import type { FeedEvent, FeedPage } from "./types.ts";

/**
 * Where a consumer keeps its cursor. `Change` is what it stores together with a new cursor, such as a prepared statement
 * of D1.
 */
export interface CursorStore<Change> {
  /** The cursor that was stored last, or undefined at the beginning. */
  read(): Promise<string | undefined>;
  /**
   * Stores `changes` and the cursor `to`, all or nothing, if the stored cursor is still `from`. False: it is not, since
   * another run of the consumer was faster; nothing was stored then.
   */
  commit(from: string | undefined, to: string, changes: readonly Change[]): Promise<boolean>;
}

/** What {@link drain} needs. */
export interface DrainOptions<Change> {
  cursor: CursorStore<Change>;
  /** What to store because of these events. Runs again for the same events if storing them fails. */
  apply(events: readonly FeedEvent[]): readonly Change[] | Promise<readonly Change[]>;
  /**
   * Replaces the whole copy by a snapshot, and returns the cursor of the snapshot with what remains to be stored with
   * it. Called at the beginning, and when the cursor is older than the events that are kept.
   */
  reload(): Promise<{ cursor: string; changes: readonly Change[] }>;
  /** How many events at a time: 1 to 1000. */
  limit?: number;
}

/** What {@link drain} did. */
export interface Drained {
  /** How many events were applied. */
  events: number;
  /** The cursor that is stored now. */
  cursor: string;
  /** Whether a snapshot was taken. */
  reloaded: boolean;
}

/**
 * Applies all events after the stored cursor, each exactly once: changes and cursor are stored together, and of two
 * runs at the same time only one stores. Ends when nothing new is there.
 */
export async function drain<Change>(
  read: (after: string, limit: number) => Promise<FeedPage>,
  { cursor: store, apply, reload, limit = 500 }: DrainOptions<Change>,
): Promise<Drained> {
  let events = 0;
  let reloaded = false;
  for (;;) {
    const from = await store.read();
    const page = from === undefined ? undefined : await pageAfter(read, from, limit);
    if (page === undefined || from === undefined) {
      const { cursor, changes } = await reload();
      reloaded = (await store.commit(from, cursor, changes)) || reloaded;
      continue;
    }
    if (page.cursor === from) return { events, cursor: from, reloaded };
    if (await store.commit(from, page.cursor, await apply(page.events))) events += page.events.length;
  }
}

/** Undefined: the cursor is older than the events that are kept. */
async function pageAfter(
  read: (after: string, limit: number) => Promise<FeedPage>,
  after: string,
  limit: number,
): Promise<FeedPage | undefined> {
  try {
    return await read(after, limit);
  } catch (error) {
    if (error instanceof CursorExpiredError) return undefined;
    throw error;
  }
}
