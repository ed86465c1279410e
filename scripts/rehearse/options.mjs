// The command line of `npm run rehearse`, and the key, which is never part of it.

import { parseArgs } from "node:util";
import { askHidden } from "../lib/ask.mjs";
import { Problem } from "../lib/run.mjs";
import { steps } from "./steps/index.mjs";

export const USAGE = `npm run rehearse -- <base URL> [options]

Plays identity providers against a SCIM server, on throw-away people and a group of its own. The key is read from the
environment variable SCIM_KEY, or asked for.

  --only LIST          only these steps or parts, separated by commas: okta-put,paging.import
  --list               print the steps, and play none
  --clean              only remove what an interrupted rehearsal has left behind
  --verbose            print the requests, answers and rules of all steps, not only of those that fail
  --json FILE          write a report as JSON
  --junit FILE         write a report as JUnit XML
  --mail-domain NAME   the domain of the people's addresses (example.com)
  --teams              play scim-edge's teams also where the server does not look like scim-edge
  --project NAME       the project whose team is made (the first that is found)
  --timeout N          seconds that an answer may take (60, as Okta waits)
  --help               print this

The exit status is 0 if no step fails (warnings may remain), 1 if one does, 2 if the rehearsal could not run.`;

const NO_KEY_HERE =
  "A key is never an argument: it would stay in the shell's history, and other users of this computer could read it. " +
  "Set SCIM_KEY, or type the key when asked. If it was a real one, replace it.";

const OPTIONS = {
  only: { type: "string" },
  list: { type: "boolean" },
  clean: { type: "boolean" },
  verbose: { type: "boolean" },
  json: { type: "string" },
  junit: { type: "string" },
  "mail-domain": { type: "string" },
  teams: { type: "boolean" },
  project: { type: "string" },
  timeout: { type: "string" },
  help: { type: "boolean", short: "h" },
};

/**
 * Reads the arguments.
 * @returns the options, `base` without a slash at the end, `only` the names of steps or undefined
 * @throws {Problem} which never quotes what may be a key
 */
export function readOptions(args) {
  const { values, tokens } = parseArgs({ args, options: OPTIONS, strict: false, allowPositionals: true, tokens: true });
  const positionals = tokens.filter(({ kind }) => kind === "positional").map(({ value }) => value);
  for (const { kind, name, rawName } of tokens) if (kind === "option") checkOption(name, rawName, values[name]);
  if (values.help || values.list) return values;
  if (positionals.some(looksLikeKey)) throw new Problem(NO_KEY_HERE);
  if (positionals.length === 0) throw new Problem(`The base URL is missing.\n\n${USAGE}`);
  if (positionals.length > 1)
    throw new Problem(`There is one base URL, and these are ${positionals.length} arguments.`);
  return {
    ...values,
    base: readBase(positionals[0]),
    only: values.only === undefined ? undefined : chosen(values.only),
    timeout: readTimeout(values.timeout ?? "60"),
    mailDomain: values["mail-domain"] ?? "example.com",
  };
}

function checkOption(name, rawName, value) {
  if (/key|token|bearer|secret|password|auth/i.test(name)) throw new Problem(NO_KEY_HERE);
  if (!Object.hasOwn(OPTIONS, name)) {
    const shown = /^[a-z-]{1,20}$/.test(name) ? rawName : "One of the options";
    throw new Problem(`${shown} is no option.\n\n${USAGE}`);
  }
  if (OPTIONS[name].type === "string" && typeof value !== "string") throw new Problem(`${rawName} needs a value.`);
  if (OPTIONS[name].type === "boolean" && value !== true) throw new Problem(`${rawName} takes no value.`);
  if (typeof value === "string" && looksLikeKey(value) && name !== "json" && name !== "junit") {
    throw new Problem(NO_KEY_HERE);
  }
}

/** Keys are long, without the dots and slashes of an address, and rarely without a digit. */
function looksLikeKey(text) {
  if (/^(bearer\b|scim-|eyJ)/i.test(text)) return true;
  return /^[\w+=~.-]{20,}$/.test(text) && /\d/.test(text) && !/\.[a-z]{2,}$/i.test(text);
}

function readBase(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new Problem("The base URL has to begin with https:// (or http:// for a server on this computer).");
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new Problem(
      "The base URL must have no user name, password, query or fragment: a secret in it would be logged on the way.",
    );
  }
  return url.href.replace(/\/+$/, "");
}

function readTimeout(text) {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= 600) return seconds;
  throw new Problem("--timeout is a number of seconds from 1 to 600.");
}

function chosen(text) {
  const wanted = text.split(",").map((each) => each.trim());
  const unknown = wanted.filter((each) => !steps.some(({ name, part }) => name === each || part === each));
  if (unknown.length > 0) {
    const parts = [...new Set(steps.map(({ part }) => part))].join(", ");
    throw new Problem(`There is no step or part ${unknown.join(", ")}. The parts are ${parts}; --list has the steps.`);
  }
  return steps.filter(({ name, part }) => wanted.includes(name) || wanted.includes(part)).map(({ name }) => name);
}

/** The output may go to a file. */
const onStderr = { shown: process.stderr };

/** The key from the environment, or from the terminal, where it is not shown. */
export async function readKey() {
  const typed =
    process.env.SCIM_KEY ?? (process.stdin.isTTY ? await askHidden("SCIM key: ", complaintAbout, onStderr) : undefined);
  if (typed === undefined) {
    throw new Problem("There is no key: set the environment variable SCIM_KEY, or run this in a terminal and type it.");
  }
  const complaint = complaintAbout(typed);
  if (complaint) throw new Problem(complaint);
  return keyIn(typed);
}

const keyIn = (text) => text.trim().replace(/^Bearer\s+/i, "");

function complaintAbout(text) {
  if (/^[\x21-\x7e]+$/.test(keyIn(text))) return undefined;
  return "The key is empty, or has spaces or characters that a header cannot have: copy it again.";
}
