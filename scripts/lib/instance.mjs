// Which server, if any, has this checkout's state folder open: two servers cannot share the SQLite files.
import { mkdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { relative } from "node:path";
import { text } from "node:stream/consumers";
import { state } from "./paths.mjs";

// A socket ends with its process. Its path is relative because a socket's path may only be short.
const socket = () => relative(process.cwd(), state("running.sock"));

/** The address of the running server, or undefined. */
export function runningAt() {
  return new Promise((resolve) => {
    const client = connect(socket());
    client.on("connect", () => resolve(text(client)));
    client.on("error", () => resolve(undefined));
  });
}

/** From now on, until this process ends, `runningAt` returns `url`. */
export function announce(url) {
  mkdirSync(state(), { recursive: true });
  rmSync(socket(), { force: true });
  const server = createServer((client) => client.end(url));
  return new Promise((resolve, reject) => server.on("error", reject).listen(socket(), resolve));
}
