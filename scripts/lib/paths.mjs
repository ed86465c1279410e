import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The checkout. */
export const root = resolve(import.meta.dirname, "../..");

/** What every checkout of one user shares: the compiled build tools. */
export const cacheDir = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "scim-edge");

/** The data of `npm start`. */
export const state = (...names) => join(root, ".scim-edge", ...names);

/** A program of an npm package. */
export const bin = (name) => join(root, "node_modules/.bin", name);
