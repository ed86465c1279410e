// npm start on a machine that has Node and nothing else, and what the commands say where something is missing.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { begin, command, copyOfCheckout, evaluate, linkPackages, temporaryFolder } from "../helpers/checkout.mjs";

/** The environment of a machine without a compiler, and without a home directory. */
function bare() {
  const programs = temporaryFolder();
  for (const name of ["sh", "ps", "uname"]) symlinkSync(`/bin/${name}`, join(programs, name));
  return { PATH: programs, HOME: "/dev/null/nowhere" };
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

let folder;
before(() => {
  folder = copyOfCheckout();
  evaluate(folder, 'import { writeArtefact } from "./scripts/lib/artefact.mjs"; writeArtefact();');
  rmSync(join(folder, "build"), { recursive: true });
  linkPackages(folder);
});

describe("npm start with the compiled Worker in deploy/", () => {
  test("serves without a compiler and a home directory", async () => {
    const port = String(await freePort());
    const server = await begin(folder, "start", ["--port", port], bare(), /Ctrl-C stops it[\s\S]*deploy the/);
    try {
      const [key] = /(?<=SCIM key +)\S+/.exec(server.output);
      const answer = await fetch(`http://127.0.0.1:${port}/scim/Users`, {
        headers: { authorization: `Bearer ${key}` },
      });
      assert.equal((await answer.json()).totalResults, 5);
      const refused = command(folder, "start", ["--new-key", "--reset"], bare());
      assert.equal(refused.status, 1);
      assert.match(refused.output, /is being served at http:.*stop that one first.*Only then --reset/s);
      assert.match(command(folder, "start", ["--new-key"], bare()).output, /^SCIM key: \S+/);
    } finally {
      await server.stop();
    }
    assert.doesNotMatch(server.output, /Compiling/);
  });

  test("compiles with --build, or after a change of the sources, says why, and installs nothing by itself", () => {
    const wanted = command(folder, "start", ["--build"], bare());
    assert.equal(wanted.status, 1);
    assert.match(wanted.output, /--build was given: the Worker is compiled now/);
    // The second where Debian's Rust is in /usr/bin: its standard library needs the cache.
    assert.match(
      wanted.output,
      /Install Rust with rustup \(https:\/\/rustup\.rs\) and run|cannot be written \(ENOTDIR\)/,
    );
    appendFileSync(join(folder, "src/lib.rs"), "\n");
    const changed = command(folder, "start", [], bare());
    assert.equal(changed.status, 1);
    assert.match(changed.output, /deploy\/build was not made from these sources: the Worker is compiled now/);
  });
});

describe("a command says what to do", () => {
  test("with an older Node, before that reads a line of the scripts", () => {
    const fake = join(folder, "older.cjs");
    for (const [version, isRefused] of [
      ["20.10.0", true],
      ["18.20.4", true],
      ["20.11.0", false],
      ["24.0.0", false],
    ]) {
      writeFileSync(fake, `Object.defineProperty(process.versions, "node", { value: "${version}" });`);
      const args = ["-r", fake, "-r", "./scripts/node-version.cjs", "--eval", "0"];
      const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
      assert.equal(status, isRefused ? 1 : 0, version);
      if (isRefused)
        assert.match(stderr, /Node 20\.11 or newer is needed.*\nInstall a newer one from https:\/\/nodejs/);
    }
  });

  test("on Windows without WSL", () => {
    const fake = join(folder, "windows.cjs");
    writeFileSync(fake, 'Object.defineProperty(process, "platform", { value: "win32" });');
    const args = ["-r", fake, "-r", "./scripts/node-version.cjs", "--eval", "0"];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    assert.equal(status, 1);
    assert.match(stderr, /run this under WSL/);
  });

  test("where the folder of compiled tools cannot be written", () => {
    const script =
      'import { cached } from "./scripts/lib/cache.mjs"; import { main } from "./scripts/lib/run.mjs";' +
      'await main(() => cached({ name: "a", title: "A", works: () => false, fill: () => {} }));';
    const env = { ...process.env, XDG_CACHE_HOME: "/dev/null/nowhere" };
    assert.throws(() => evaluate(folder, script, env), {
      message: /^\nThe folder \/dev\/null\/nowhere\/scim-edge.*cannot be written.*name another in XDG_CACHE_HOME\.\n$/,
    });
  });

  test("where the home directory of npm and cargo cannot be written", () => {
    const script =
      'import { logged, main } from "./scripts/lib/run.mjs";' +
      'await main(() => logged("npm-ci", "sh", ["-c", "echo error EACCES; echo mkdir /home/a/.npm; exit 1"]));';
    assert.throws(() => evaluate(folder, script), {
      message: /A folder cannot be written; the log names it\. .*another one: HOME=.*\/home\/a\/\.npm/s,
    });
  });

  test("for a package of the system: what to type, also the flag that installs it", () => {
    const programs = join(folder, "programs");
    mkdirSync(programs);
    writeFileSync(join(programs, "apt-get"), '#!/bin/sh\n[ "$1" = --version ] || touch installed\n', { mode: 0o755 });
    const script =
      'import { aptInstall } from "./scripts/lib/apt.mjs"; import { main } from "./scripts/lib/run.mjs";' +
      'await main(() => aptInstall({ packages: ["gcc"], what: "gcc", why: "A C compiler is missing" }));';
    const env = { PATH: `${programs}:/usr/bin:/bin`, npm_lifecycle_event: "start" };
    assert.throws(() => evaluate(folder, script, env), {
      message:
        "\nA C compiler is missing: type sudo apt-get install --no-install-recommends gcc, and run this again; or " +
        "type npm start -- --install-system-packages, which does both.\n",
    });
  });

  test("for --help and for an option that there is not", () => {
    for (const script of ["start", "test", "build", "release", "seed"]) {
      const help = command(folder, script, ["--help"], bare());
      assert.equal(help.status, 0, help.output);
      assert.match(help.output, /^npm (run )?[a-z]+ -- \[/);
      const unknown = command(folder, script, ["--nonsense"], bare());
      assert.equal(unknown.status, 1);
      assert.match(unknown.output, /^\nUnknown option '--nonsense'.*\n\nnpm /);
      assert.doesNotMatch(unknown.output, /\n {4}at /);
    }
  });
});
