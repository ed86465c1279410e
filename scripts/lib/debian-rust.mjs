/* Where rustup cannot download but Debian's packages can be had: Debian's compiler has no standard library for
   WebAssembly, but Debian has its source. It is compiled once, into a sysroot of our own whose other parts are links to
   Debian's, so that nothing outside the user's cache changes. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { aptInstall } from "./apt.mjs";
import { cached } from "./cache.mjs";
import { cacheDir } from "./paths.mjs";
import { ask, logged } from "./run.mjs";

const BIN = "/usr/bin";
const RUSTLIB = "/usr/lib/rustlib";
const TARGET = "wasm32-unknown-unknown";

/** The environment with Debian's native cargo and rustc first. */
export const debianCargo = (env) => ({ ...env, PATH: `${BIN}${delimiter}${env.PATH}` });

/**
 * The environment with our sysroot for the installed version of Debian's compiler; undefined if it has not been made.
 */
export function debianRust(env) {
  const name = sysrootName();
  return name && existsSync(join(cacheDir, name)) ? sysrootEnv(env, join(cacheDir, name)) : undefined;
}

/** The same, after installing whatever is missing. */
export async function installDebianRust(env) {
  if (!installed()) {
    await aptInstall({
      packages: ["rustc-web", "cargo-web", "rust-web-src", "lld-22"],
      what: "Debian's Rust",
      why:
        "Rust is missing, or its WebAssembly target, and no rustup could download it. Install Rust with rustup " +
        "(https://rustup.rs) and run this again. The other way",
    });
  }
  const folder = await cached({
    name: sysrootName(),
    title: "Compiling Rust's standard library for WebAssembly (about a minute)",
    works: existsSync,
    fill: makeSysroot,
  });
  return sysrootEnv(env, folder);
}

const installed = () =>
  ["cargo", "rustc", "wasm-ld-22"].every((name) => existsSync(join(BIN, name))) &&
  existsSync(join(RUSTLIB, "src/rust/library/std"));

// A sysroot fits one build of the compiler only.
function sysrootName() {
  const version = ask(join(BIN, "rustc"), ["-vV"]);
  if (version === undefined) return undefined;
  const field = (name) => new RegExp(`^${name}: (.*)$`, "m").exec(version)[1];
  return `rust-${field("release")}-${field("commit-hash").slice(0, 9)}`;
}

function sysrootEnv(env, folder) {
  return {
    ...env,
    PATH: `${join(folder, "bin")}${delimiter}${env.PATH}`,
    RUSTC: join(folder, "bin/rustc"),
    SYSROOT: folder,
  };
}

async function makeSysroot(folder) {
  const libraries = await compileStandardLibrary(join(folder, "build"));
  const rustlib = join(folder, "lib/rustlib");
  mkdirSync(join(rustlib, TARGET, "lib"), { recursive: true });
  for (const path of libraries) copyFileSync(path, join(rustlib, TARGET, "lib", path.split("/").at(-1)));
  rmSync(join(folder, "build"), { recursive: true });
  for (const entry of readdirSync(RUSTLIB)) symlinkSync(join(RUSTLIB, entry), join(rustlib, entry));

  mkdirSync(join(folder, "bin"));
  for (const name of ["cargo", "cargo-clippy", "clippy-driver", "rustdoc"])
    symlinkSync(join(BIN, name), join(folder, "bin", name));
  const rustc = join(folder, "bin/rustc");
  writeFileSync(rustc, `#!/bin/sh\nexec ${BIN}/rustc --sysroot "\${0%/bin/rustc}" "$@"\n`);
  chmodSync(rustc, 0o755);
}

// Cargo compiles the standard library as a dependency of an empty crate, and we keep what it compiled.
async function compileStandardLibrary(folder) {
  mkdirSync(join(folder, "src"), { recursive: true });
  writeFileSync(
    join(folder, "Cargo.toml"),
    '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n\n' +
      '[profile.release]\npanic = "abort"\n\n[workspace]\n',
  );
  writeFileSync(join(folder, "src/lib.rs"), "#![no_std]\n");
  const env = {
    ...debianCargo(process.env),
    RUSTC: join(BIN, "rustc"),
    RUSTC_BOOTSTRAP: "1", // -Z build-std is not in a stable release yet
    RUSTFLAGS: "-Cembed-bitcode=yes", // as in rustup's, so that link-time optimization can see into it
    CARGO_TARGET_DIR: join(folder, "target"),
  };
  const args = ["build", "--release", "--target", TARGET, "-Z", "build-std=std,panic_abort,proc_macro"];
  await logged("rust-std-wasm32", "cargo", args, { cwd: folder, env });
  const made = join(folder, "target", TARGET, "release/deps");
  return readdirSync(made)
    .filter((name) => name.endsWith(".rlib") && !name.startsWith("libempty-"))
    .map((name) => join(made, name));
}
