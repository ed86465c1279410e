// The files that `npm start` keeps between starts, in a folder of the checkout that git ignores.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { root, state } from "./paths.mjs";

// Written when everything else is in place: a first start that was cut short does not have it.
const ORGANIZATION = state("organization");
const TOKEN = state("admin-token");

/** Where the admin token is kept, from the checkout's folder. */
export const tokenFile = relative(root, TOKEN);

/** The folder of the database and the KV namespace. */
export const data = state("data");

/** Whether there are no data yet. Incomplete ones are deleted. */
export function beginState({ reset }) {
  if (!reset && existsSync(ORGANIZATION)) return false;
  rmSync(state(), { recursive: true, force: true });
  mkdirSync(state(), { mode: 0o700 }); // people and their addresses
  writeFileSync(TOKEN, randomBytes(32).toString("hex"), { mode: 0o600 });
  return true;
}

export const adminToken = () => readFileSync(TOKEN, "utf8");
export const organization = () => readFileSync(ORGANIZATION, "utf8");
export const completeState = (id) => writeFileSync(ORGANIZATION, id);
