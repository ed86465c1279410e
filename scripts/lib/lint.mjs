// The linters. Each one's own output says what is wrong.
import { join } from "node:path";
import { aptInstall } from "./apt.mjs";
import { cargoDeny } from "./cargo-deny.mjs";
import { bin, root } from "./paths.mjs";
import { ask, logged, step } from "./run.mjs";

/** Installs rustfmt and clippy for native cargo if they are missing. */
export async function installLinters(native) {
  const has = (name) => ask("cargo", [name, "--version"], native) !== undefined;
  if (has("fmt") && has("clippy")) return;
  if (ask("rustup", ["--version"], native) === undefined) {
    const why = "rustfmt or clippy is missing";
    return aptInstall({ packages: ["rustfmt-web", "rust-web-clippy"], what: "rustfmt and clippy", why });
  }
  const args = ["component", "add", "rustfmt", "clippy"];
  await step("Adding rustfmt and clippy with rustup", () =>
    logged("rustup-component-add", "rustup", args, { env: native }),
  );
}

const CLIPPY = ["clippy", "--locked", "--quiet"];
const TYPESCRIPT = ["clients/typescript", "examples/product-worker"];
const DENY = ["--", "-D", "warnings"];

/**
 * The linters, each `{ name, command, args, env }`; `command` may have to be installed first, and is then a function.
 */
export function linters({ native }) {
  const crates = ["--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
  return [
    { name: "JavaScript", command: bin("biome"), args: ["ci", "--error-on-warnings"] },
    ...TYPESCRIPT.map((folder) => ({
      name: `Types of ${folder}`,
      command: bin("tsc"),
      args: ["-p", join(root, folder)],
    })),
    { name: "Links, names of files, widths", command: process.execPath, args: [join(root, "scripts/lint-text.mjs")] },
    { name: "Rust's format", command: "cargo", args: ["fmt", "--all", "--check"], env: native },
    { name: "Rust", command: "cargo", args: [...CLIPPY, "--workspace", "--all-targets", ...DENY], env: native },
    { name: "Licences and origins of crates", command: cargoDeny, args: crates, env: native },
  ];
}

/** The linter of what is compiled for WebAssembly only. It compiles into the same folder as the build of the Worker. */
export function wasmLinter({ native, wasm }) {
  const target = ["--lib", "--release", "--target", "wasm32-unknown-unknown"];
  // Clippy is a compiler too: it does not fit the libraries of another one.
  const version = (env) => ask("rustc", ["-vV"], env);
  const args =
    version(wasm) === version(native) ? [...CLIPPY, ...target, ...DENY] : ["check", "--locked", "--quiet", ...target];
  const env = { ...wasm, CARGO_TARGET_DIR: join(root, "target/wasm") };
  return { name: "Rust for WebAssembly", command: "cargo", args, env };
}
