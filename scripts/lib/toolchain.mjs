// Everything that building the Worker needs, found or installed.
import { readFileSync, rmSync, statfsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { aptInstall } from "./apt.mjs";
import { cached } from "./cache.mjs";
import { cargo } from "./cargo.mjs";
import { TARGET, withFlags } from "./flags.mjs";
import { npmPackages } from "./npm.mjs";
import { bin, root } from "./paths.mjs";
import { together, warn } from "./progress.mjs";
import { ask, logged, Problem, step } from "./run.mjs";
import { nativeRust, rustupToolchain, wasmRust } from "./rust.mjs";
import { toolVersions } from "./sources.mjs";

/**
 * The environments that builds run in. `beside` gets the one for WebAssembly as soon as it has a compiler, and runs
 * while the tools are compiled.
 */
export async function toolchain(beside = async () => {}) {
  enoughDisk();
  await rustupToolchain();
  const found = await wasmRust();
  const native = nativeRust();
  await crates(found);
  // worker-build sets the variable, and every other build must agree, or both compile everything anew.
  const rust = { ...withFlags(found), WASM_BINDGEN_USE_JS_SYS: "1" };
  const [programs] = await together([() => programsOf(native), () => beside(rust), () => npmPackages({ all: true })]);
  return {
    native,
    wasm: {
      ...rust,
      PATH: `${dirname(programs.workerBuild)}${delimiter}${rust.PATH}`,
      // With these worker-build downloads nothing.
      WASM_BINDGEN_BIN: programs.wasmBindgen,
      WASM_OPT_BIN: bin("wasm-opt"),
      ESBUILD_BIN: bin("esbuild"),
    },
  };
}

/** SQLite and the compilers have misleading errors when the disk is full. */
export function enoughDisk() {
  const { bavail, bsize } = statfsSync(root);
  const free = Math.floor((bavail * bsize) / 1e6);
  if (free < 200)
    throw new Problem(`Only ${free} MB are free on the disk of this checkout: free some space and run this again.`);
}

async function crates(env) {
  const fetch = ["fetch", "--locked", "--target", TARGET, "--manifest-path", join(root, "Cargo.toml")];
  if (ask("cargo", [...fetch, "--offline"], env) !== undefined) return;
  await step("Downloading the crates", () => logged("cargo-fetch", "cargo", fetch, { cwd: root, env }));
}

// Crates that both programs need are compiled once. Nothing of it is needed when both are there.
const COMPILED_TOOLS = join(root, "target/tools");

/** The paths of the programs that worker-build consists of, one compiled after the other. */
async function programsOf(native) {
  const versions = toolVersions();
  // The Worker is what takes longest: the tools use what it leaves of the processor.
  const options = { env: { ...native, ...UNOPTIMIZED }, lowPriority: true };
  sameVersion(versions["wasm-bindgen"]);
  const wasmBindgen = await compiledTool("wasm-bindgen", versions["wasm-bindgen"], (name, args, made) =>
    cargo(name, [...args, "--path", join(root, "tools/wasm-bindgen"), "--locked"], { ...options, cwd: made }),
  );
  const workerBuild = await compiledTool("worker-build", versions["worker-build"], async (name, args, made) => {
    const install = (...more) => {
      const from = ["worker-build", "--version", versions["worker-build"], "--bin", "worker-build"];
      return cargo(name, [...args, ...from, ...more], { ...options, cwd: made });
    };
    await install("--locked").catch((error) => {
      // A mirror of the registry may lack the very version of a dependency that the crate was released with.
      if (!error.message.includes("failed to select a version")) throw error;
      warn(
        `${name} is compiled without the lock of its release: this registry lacks a version that the lock names. ` +
          "Its dependencies are the newest that fit, which were not tested together.",
      );
      return install();
    });
  });
  rmSync(COMPILED_TOOLS, { recursive: true, force: true });
  return { wasmBindgen, workerBuild };
}

function sameVersion(locked) {
  const manifest = "tools/wasm-bindgen/Cargo.toml";
  const version = /^version = "(.*)"$/m.exec(readFileSync(join(root, manifest), "utf8"))?.[1];
  if (version === locked) return;
  throw new Problem(
    `Cargo.lock has wasm-bindgen ${locked}, and ${manifest} has ${version}: change the two versions in the manifest, ` +
      "and run cargo update in its folder.",
  );
}

/** Both run for seconds once: compiling them with optimization takes minutes more than it saves. */
const UNOPTIMIZED = {
  CARGO_PROFILE_DEV_DEBUG: "0",
  CARGO_PROFILE_DEV_DEBUG_ASSERTIONS: "false",
  CARGO_PROFILE_DEV_OVERFLOW_CHECKS: "false",
};

/** The path of a program that `cargo install` compiles. */
async function compiledTool(program, version, compile) {
  const name = `${program}-${version}`;
  const folder = await cached({
    name,
    title: `Compiling ${name}`,
    works: (made) => ask(join(made, "bin", program), ["--version"])?.includes(version) ?? false,
    async fill(made) {
      await nativeLibraries();
      await compile(name, ["install", "--debug", "--root", made, "--target-dir", COMPILED_TOOLS], made);
    },
  });
  return join(folder, "bin", program);
}

// The system libraries that those programs need; checked first, since the compiler would report them only after
// minutes.
async function nativeLibraries() {
  if (process.platform !== "linux") return;
  const missing = [
    ...(ask("cc", ["--version"]) === undefined ? ["gcc", "libc6-dev"] : []),
    ...(ask("pkg-config", ["--exists", "openssl"]) === undefined ? ["pkg-config", "libssl-dev"] : []),
  ];
  if (missing.length === 0) return;
  const why = "A C compiler or the headers of OpenSSL are missing";
  await aptInstall({ packages: missing, what: missing.join(", "), why });
}
