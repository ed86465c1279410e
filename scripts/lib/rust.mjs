// Finds a Rust compiler for WebAssembly, or gets one, and one for native code.
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { debianCargo, debianRust, installDebianRust } from "./debian-rust.mjs";
import { root } from "./paths.mjs";
import { ask, logged, Problem, step } from "./run.mjs";

const TARGET = "wasm32-unknown-unknown";

/**
 * Where rustup has not got the toolchain that rust-toolchain.toml names, and cannot download it, every call of cargo
 * fails. Then everything that this process starts uses rustup's default toolchain, or else its first.
 */
export async function rustupToolchain() {
  if (process.env.RUSTUP_TOOLCHAIN !== undefined || ask("rustup", ["--version"]) === undefined) return;
  if (ask("rustc", ["--version"], { ...process.env, RUSTUP_AUTO_INSTALL: "0" }) !== undefined) return;
  try {
    await step("Getting the toolchain of rust-toolchain.toml with rustup", () =>
      logged("rustup-toolchain", "rustc", ["--version"], { cwd: root, timeout: 180_000 }),
    );
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const installed = (ask("rustup", ["toolchain", "list"]) ?? "").split("\n").filter((line) => line.includes("-"));
    const [name] = (installed.find((line) => line.includes("default")) ?? installed[0] ?? "").split(" ");
    if (name === "") return; // Debian's packages are tried next
    console.warn(`rustup could not get the toolchain that rust-toolchain.toml names: ${name} is used instead.`);
    process.env.RUSTUP_TOOLCHAIN = name;
  }
}

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
