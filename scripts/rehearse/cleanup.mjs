// Removes what a rehearsal has made: the list on disk says what.

import { NoAnswer } from "./failures.mjs";

const isGone = ({ status }) => (status >= 200 && status < 300) || status === 404;

/**
 * Removes everything in the list, groups first.
 * @param told called with each name
 * @returns what is still there, each `{ type, name, id, state, why }`; `state` is "deactivated" or "left"
 */
export async function removeAll(client, ledger, told) {
  const left = [];
  const entries = ledger.entries.sort((a, b) => a.type.localeCompare(b.type));
  for (const entry of entries) {
    // Two requests may have been answered with the same id.
    if (entry.id !== undefined && !ledger.owns(entry.type, entry.id)) continue;
    told(entry);
    try {
      const state = await remove(client, ledger, entry);
      if (state) left.push({ ...entry, ...state });
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      left.push({ ...entry, state: "left", why: error.why ?? error.message });
    }
  }
  return left;
}

async function remove(client, ledger, entry) {
  if (entry.id === undefined && !(await found(client, ledger, entry))) {
    ledger.drop(entry);
    return undefined;
  }
  const path = `/${entry.type}/${entry.id}`;
  const answer = await client.delete(path);
  if (isGone(answer)) {
    ledger.drop(entry);
    return undefined;
  }
  const why = `DELETE was answered ${answer.status}`;
  // A failing server is asked again by --clean; one that refuses to delete would refuse again.
  const isFailing = answer.status >= 500 && answer.status !== 501;
  if (isFailing || entry.type === "Groups") return { state: "left", why };
  if (await deactivated(client, path)) {
    ledger.drop(entry);
    return { state: "deactivated", why };
  }
  return { state: "left", why };
}

/** Looks up by name what was made by a request without an answer. */
async function found(client, ledger, entry) {
  const attribute = entry.type === "Users" ? "userName" : "displayName";
  const { status, body } = await client.find(`/${entry.type}`, `${attribute} eq "${entry.name}"`);
  if (status >= 400 && status !== 404) throw new NoAnswer(`The look-up of ${entry.name} was answered ${status}.`);
  const resource = body?.Resources?.find?.((each) => each?.[attribute] === entry.name);
  if (resource?.id === undefined) return false;
  ledger.made(entry, resource.id);
  return true;
}

async function deactivated(client, path) {
  const { body } = await client.get(path);
  await client.put(path, { ...body, active: false });
  if ((await client.get(path)).body?.active === false) return true;
  await client.patch(path, { op: "replace", value: { active: false } });
  return (await client.get(path)).body?.active === false;
}
