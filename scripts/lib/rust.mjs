// Finds a Rust compiler for WebAssembly, or gets one, and one for native code.
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { debianCargo, debianRust, installDebianRust } from "./debian-rust.mjs";
import { ask, logged, Problem, step } from "./run.mjs";

const TARGET = "wasm32-unknown-unknown";

/** The environment in which `cargo` and `rustc` build for WebAssembly. */
export async function wasmRust() {
  // Flags set for the user's native builds would replace those of .cargo/config.toml.
  const { RUSTFLAGS: _, CARGO_ENCODED_RUSTFLAGS: __, ...env } = process.env;
  for (const find of [() => env, () => debianRust(env), () => rustupTarget(env), () => installDebianRust(env)]) {
    const found = await find();
    if (found && hasTarget(found)) return withLinker(found);
  }
  throw new Problem(`No Rust compiler for ${TARGET} could be had: install Rust with rustup (https://rustup.rs).`);
}

/** The environment for native cargo: the user's own Rust if there is one, else Debian's. */
export function nativeRust() {
  const env = [process.env, debianCargo(process.env)].find((each) => ask("cargo", ["--version"], each) !== undefined);
  if (env) return env;
  throw new Problem("There is no Rust on this machine: install it with rustup (https://rustup.rs) and run this again.");
}

function hasTarget(env) {
  const folder = ask("rustc", ["--target", TARGET, "--print", "target-libdir"], env);
  return folder !== undefined && existsSync(folder) && readdirSync(folder).some((file) => file.startsWith("libstd-"));
}

// Where rustup cannot download, it fails at once or hangs: it gets three minutes.
async function rustupTarget(env) {
  if (ask("rustup", ["--version"], env) === undefined || ask("rustc", ["--version"], env) === undefined)
    return undefined;
  try {
    await step("Adding Rust's WebAssembly target with rustup", () =>
      logged("rustup-target-add", "rustup", ["target", "add", TARGET], { env, timeout: 180_000 }),
    );
    return env;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.log("rustup could not: trying Debian's packages.");
    return undefined;
  }
}

// rustup's compilers bring a WebAssembly linker; those of a distribution need LLVM's.
function withLinker(env) {
  const sysroot = ask("rustc", ["--print", "sysroot"], env);
  const host = /^host: (.*)$/m.exec(ask("rustc", ["-vV"], env))[1];
  if (existsSync(join(sysroot, "lib/rustlib", host, "bin/rust-lld"))) return env;
  const linker = newestLinker(env.PATH);
  if (linker) return { ...env, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: linker };
  throw new Problem(
    "There is no WebAssembly linker (wasm-ld): install LLVM's lld (Debian, Ubuntu: apt-get install lld).",
  );
}

function newestLinker(path) {
  const version = (name) => Number(name.split("-")[2] ?? 0);
  return path
    .split(delimiter)
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).filter((name) => /^wasm-ld(-\d+)?$/.test(name)))
    .sort((a, b) => version(b) - version(a))[0];
}
