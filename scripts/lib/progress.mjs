// What the reader sees while something takes long: one line for each step, and one that moves while several go on.
import { AsyncLocalStorage } from "node:async_hooks";

/** Without a terminal the line cannot move: it is printed anew after so many milliseconds. */
const PERIOD = process.stdout.isTTY ? 1_000 : 30_000;

/** What goes on at the same time: the part that the present code belongs to. */
const current = new AsyncLocalStorage();

const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/** Prints on one line what is being done and how long it took. Within {@link together} it is a part of the line. */
export async function step(title, work) {
  const start = performance.now();
  const part = current.getStore();
  const outer = part?.title;
  if (part) part.title = title;
  else process.stdout.write(`${title} ... `);
  try {
    const result = await work();
    end(seconds(start));
    return result;
  } catch (error) {
    end(`failed after ${seconds(start)}`);
    throw error;
  }

  function end(text) {
    if (!part) return process.stdout.write(`${text}\n`);
    Object.assign(part, { title: outer, state: "" });
    part.say(`${title} ... ${text}`);
  }
}

/** Adds to the present step how far it is; without one that moves it is printed if `always`. */
export function progress(text, always = false) {
  const part = current.getStore();
  if (part) part.state = text;
  else if (always) process.stdout.write(`${text} ... `);
}

/** Prints a warning on a line of its own. */
export function warn(text) {
  const part = current.getStore();
  if (part) part.say(text);
  else console.warn(`\n${text}`);
}

/** Does all `works` at the same time, each a function with steps, and shows on one line how far they are. */
export async function together(works) {
  const start = performance.now();
  const parts = works.map(() => ({ title: undefined, state: "", say }));
  const timer = setInterval(show, PERIOD);
  try {
    return await Promise.all(works.map((work, index) => current.run(parts[index], work)));
  } finally {
    clearInterval(timer);
    erase();
  }

  /** A whole line above the one that moves. */
  function say(text) {
    erase();
    process.stdout.write(`${text}\n`);
    if (process.stdout.isTTY) show();
  }

  function show() {
    const texts = parts.filter(({ title }) => title).map(({ title, state }) => `${title}${state && `: ${state}`}`);
    if (texts.length === 0) return;
    const line = `${seconds(start).replace(/\..*/, "")} s  ${texts.join(" | ")}`;
    if (!process.stdout.isTTY) return process.stdout.write(`  ${line}\n`);
    erase();
    process.stdout.write(line.slice(0, process.stdout.columns - 1));
  }
}

function erase() {
  if (!process.stdout.isTTY) return;
  process.stdout.cursorTo(0);
  process.stdout.clearLine(0);
}
