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
  await step("Installing rustfmt and clippy", () =>
    ask("rustup", ["--version"], native) === undefined
      ? aptInstall(["rustfmt-web", "rust-web-clippy"], "rustfmt or clippy is missing")
      : logged("rustup-component-add", "rustup", ["component", "add", "rustfmt", "clippy"], { env: native }),
  );
}

/**
 * The linters, each `{ name, command, args, env }`; `command` may have to be installed first, and is then a function.
 */
export function linters({ native, wasm }) {
  const deny = ["--", "-D", "warnings"];
  const clippy = ["clippy", "--locked", "--quiet"];
  const target = ["--lib", "--release", "--target", "wasm32-unknown-unknown"];
  // Where the compiler for WebAssembly is another one than the native, clippy, which is a compiler too, would not fit
  // it.
  const version = (env) => ask("rustc", ["-vV"], env);
  const forWasm =
    version(wasm) === version(native) ? [...clippy, ...target, ...deny] : ["check", "--locked", "--quiet", ...target];
  const crates = ["--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
  return [
    { name: "JavaScript", command: bin("biome"), args: ["ci", "--error-on-warnings"] },
    { name: "Links, names of files, widths", command: process.execPath, args: [join(root, "scripts/lint-text.mjs")] },
    { name: "Rust's format", command: "cargo", args: ["fmt", "--all", "--check"], env: native },
    { name: "Rust", command: "cargo", args: [...clippy, "--workspace", "--all-targets", ...deny], env: native },
    {
      name: "Rust for WebAssembly",
      command: "cargo",
      args: forWasm,
      env: { ...wasm, CARGO_TARGET_DIR: join(root, "target/wasm") },
    },
    { name: "Licences and origins of crates", command: cargoDeny, args: crates, env: native },
  ];
}
