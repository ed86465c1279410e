// How rustc compiles the Worker, so that two checkouts, two users and two mirrors of a registry make the same bytes.
import { execFileSync } from "node:child_process";
import { dirname } from "node:path";
import { root } from "./paths.mjs";
import { ask } from "./run.mjs";

export const TARGET = "wasm32-unknown-unknown";

/** What `cargo metadata` says about the crates that are compiled for the Worker. */
export function metadata(env) {
  const options = { cwd: root, env, encoding: "utf8", maxBuffer: 64e6, stdio: ["ignore", "pipe", "ignore"] };
  const args = ["metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET];
  return JSON.parse(execFileSync("cargo", args, options));
}

/**
 * `env` with the flags of rustc in cargo's own encoding, which replaces those of .cargo/config.toml and of the user.
 * The messages of panics name files: those of crates by the folder of the registry, which lies in the user's home.
 */
export function withFlags(env) {
  const registries = metadata(env).packages.filter(({ source }) => source !== null);
  const folders = new Set(registries.map(({ manifest_path }) => dirname(dirname(manifest_path))));
  // Where rustup has the source of the standard library, rustc names its folder, and elsewhere this one.
  const library = `${ask("rustc", ["--print", "sysroot"], env)}/lib/rustlib/src/rust`;
  const [, commit] = /^commit-hash: (.*)$/m.exec(ask("rustc", ["-vV"], env));
  const remapped = [
    ...[...folders].map((folder) => [folder, "/crates"]),
    [library, `/rustc/${commit}`],
    [root, "/scim-edge"],
  ];
  const flags = [
    '--cfg=getrandom_backend="wasm_js"', // as in .cargo/config.toml
    ...remapped.map(([from, to]) => `--remap-path-prefix=${from}=${to}`),
  ];
  return { ...withoutProfiles(env), CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f") };
}

/** Settings of the user's own builds, such as CARGO_PROFILE_RELEASE_LTO, would make another Worker. */
const withoutProfiles = (env) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^CARGO_(PROFILE_|INCREMENTAL$)/.test(name)));
