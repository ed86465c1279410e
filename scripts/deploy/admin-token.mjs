// The secret ADMIN_TOKEN of a deployment.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { askHidden, isInteractive } from "../lib/ask.mjs";
import { root } from "../lib/paths.mjs";
import { Problem } from "../lib/run.mjs";

/** Fewest characters; the Worker refuses shorter ones. */
const MIN_LENGTH = 32;

const HOW = "Make one with: openssl rand -hex 32";

/** What is wrong with an admin token, as a sentence; undefined if nothing is. */
export function complaintAbout(token) {
  const length = [...token.trim()].length;
  if (length < MIN_LENGTH)
    return `ADMIN_TOKEN has ${length} characters and could be guessed; it needs at least ${MIN_LENGTH}. ${HOW}`;
  if (token.trim() === publicExample()) return `ADMIN_TOKEN is the public value of .dev.vars.example. ${HOW}`;
}

function publicExample() {
  return /^ADMIN_TOKEN=(.*)$/m.exec(readFileSync(join(root, ".dev.vars.example"), "utf8"))[1];
}

/** The ADMIN_TOKEN of the environment, if there is one. Throws a Problem if it is not good enough. */
export function fromEnvironment() {
  const token = process.env.ADMIN_TOKEN;
  if (!token) return;
  const complaint = complaintAbout(token);
  if (complaint) throw new Problem(complaint);
  return token.trim();
}

/** Decides on a new admin token: `{ token, isNew }`; one that is new has to be shown. */
export async function chooseAdminToken() {
  const given = fromEnvironment();
  if (given) return { token: given, isNew: false };
  if (!isInteractive()) {
    throw new Problem(
      `The deployment needs an admin token, and there is no terminal to show one in. Set ADMIN_TOKEN. ${HOW}`,
    );
  }
  const question = "Admin token for the console (Enter makes one, or paste your own of at least 32 characters): ";
  const token = await askHidden(question, (answer) => (answer === "" ? undefined : complaintAbout(answer)));
  if (token) return { token, isNew: false };
  return { token: randomBytes(MIN_LENGTH).toString("hex"), isNew: true };
}
