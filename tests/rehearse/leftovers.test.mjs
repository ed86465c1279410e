// npm run rehearse leaves nothing behind, and changes nothing that it has not made.

import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { UNKNOWN } from "../../scripts/rehearse/endpoint.mjs";
import { oktaGroup, oktaUser, person } from "../helpers/bodies.mjs";
import { complaints, rehearsalOf, stepsThat } from "../helpers/rehearse.mjs";
import { useCommand } from "./server/command.mjs";
import { startScimServer } from "./server/server.mjs";

describe("what a rehearsal leaves", () => {
  const { rehearse, begin, folder } = useCommand();
  const servers = [];
  const start = async (options) => {
    servers.push(await startScimServer(options));
    return servers.at(-1);
  };
  after(() => Promise.all(servers.map((server) => server.close())));

  const lists = () => readdirSync(join(folder.path, "scim-edge/rehearsals"));
  const resources = ({ directory }) => ({ users: directory.all("Users"), groups: directory.all("Groups") });
  const nothing = { users: [], groups: [] };

  test("is nothing, and the people and groups of others stay as they are", async () => {
    const written = [];
    const made = new Set();
    let people = 0;
    const server = await start({
      intercept({ method, url }, response) {
        const [, type, id] = /^\/scim\/(Users|Groups)\/([^?]+)/.exec(url) ?? [];
        if (method !== "GET" && id) written.push({ type, id });
        if (method !== "POST") return;
        const end = response.end.bind(response);
        response.end = (text) => {
          if (response.statusCode === 201) made.add(JSON.parse(text).id);
          if (response.statusCode === 201 && url === "/scim/Users") people += 1;
          return end(text);
        };
      },
    });
    const { directory } = server;
    const ids = Array.from(
      { length: 130 },
      (_, i) => directory.create("Users", oktaUser(person(`own${i}@example.com`))).id,
    );
    for (const name of ["Statsig-Demo-Admin", "Statsig-Demo-Member", "Statsig-Demo-Read-Only"]) {
      directory.create("Groups", oktaGroup(name, ids.slice(0, 3)));
    }
    const before = resources(server);
    const report = await rehearsalOf({ base: server.base, key: server.key });
    assert.deepEqual(stepsThat("failed", report), [], complaints(report));
    assert.deepEqual(resources(server), before);
    assert.ok(written.length > 50);
    for (const { id } of written) assert.ok(made.has(id) || id === UNKNOWN, id);
    assert.equal(people, 11, "the guide says how many people a rehearsal makes");
    assert.ok(!JSON.stringify(report).includes("own7@example.com"), "the report shows people of the organization");
    assert.ok(JSON.stringify(report).includes(ids[7]));
  });

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ]) {
    test(`is nothing after ${signal}`, async () => {
      const server = await start({ intercept: () => sleep(5) });
      const { child, ended } = begin([server.base]);
      await until(() => server.directory.all("Users").length > 4);
      child.kill(signal);
      child.kill(signal); // npm passes on what the terminal has sent already
      const run = await ended;
      assert.equal(run.code, code, run.text);
      assert.match(run.stdout, new RegExp(`${signal}: the throw-away people are removed first`));
      assert.match(run.stdout, /All that was made is removed/);
      assert.deepEqual(resources(server), nothing);
      assert.deepEqual(lists(), []);
    });
  }

  test("is a list after a second signal", async () => {
    let delay = 5;
    const server = await start({ intercept: () => sleep(delay) });
    const { child, ended } = begin([server.base]);
    await until(() => server.directory.all("Users").length > 4);
    delay = 400;
    child.kill("SIGINT");
    await sleep(1_200);
    child.kill("SIGINT");
    const run = await ended;
    assert.equal(run.code, 130, run.text);
    assert.match(run.stdout, /Ended at once\. --clean removes what is left\./);
    assert.equal(lists().length, 1);
    delay = 0;
    assert.equal((await rehearse([server.base, "--clean"])).code, 0);
    assert.deepEqual([resources(server), lists()], [nothing, []]);
  });

  test("is a list after a crash, by which --clean removes it", async () => {
    const server = await start({ intercept: () => sleep(5) });
    const { child, ended } = begin([server.base]);
    await until(() => server.directory.all("Groups").length > 0);
    child.kill("SIGKILL");
    await ended;
    const { users, groups } = resources(server);
    assert.ok(users.length > 0 && groups.length > 0);
    assert.equal(lists().length, 1);
    const next = await rehearse([server.base, "--only", "connection.accept"]);
    assert.match(
      next.stdout,
      new RegExp(`An earlier rehearsal has left ${users.length + groups.length} people or groups`),
    );
    assert.equal(lists().length, 1, "the list of the crashed run is lost");
    const elsewhere = await rehearse([(await start()).base, "--clean"]);
    assert.match(elsewhere.stdout, /No rehearsal has left anything/);
    const cleaned = await rehearse([server.base, "--clean"]);
    assert.equal(cleaned.code, 0, cleaned.text);
    assert.match(cleaned.stdout, /All that was made is removed/);
    assert.deepEqual(resources(server), nothing);
    assert.deepEqual(lists(), []);
  });

  test("is left to a rehearsal that goes on, but for no more than an hour", async () => {
    const server = await start();
    const { id } = server.directory.create("Users", oktaUser(person("rehearsal-1-ada@example.com")));
    const entry = { number: 0, type: "Users", name: "rehearsal-1-ada@example.com" };
    const write = (started) => {
      const head = { base: server.base, run: "1", pid: process.pid, started };
      const lines = [head, entry, { number: 0, id }].map((line) => JSON.stringify(line));
      // After a crash the last line may be incomplete.
      writeFileSync(join(folder.path, "scim-edge/rehearsals/1.jsonl"), `${lines.join("\n")}\n{"numb`);
    };
    write(new Date().toISOString());
    assert.match((await rehearse([server.base, "--clean"])).stdout, /No rehearsal has left anything/);
    write(new Date(Date.now() - 2 * 3_600_000).toISOString());
    assert.match((await rehearse([server.base, "--clean"])).stdout, /All that was made is removed/);
    assert.deepEqual([resources(server), lists()], [nothing, []]);
  });

  test("is found by name where the answer to its creation was lost", async () => {
    let isLost = false;
    const server = await start({
      intercept({ method, url }, response, body) {
        if (isLost || method !== "POST" || url !== "/scim/Users") return false;
        isLost = true;
        server.directory.create("Users", JSON.parse(body));
        response.socket.destroy();
        return true;
      },
    });
    const report = await rehearsalOf({
      base: server.base,
      key: server.key,
      only: ["okta-put.create", "okta-put.lookup"],
    });
    assert.deepEqual(stepsThat("failed", report), ["okta-put.create"]);
    assert.match(report.steps[0].reason, /closed the connection without an answer/);
    assert.deepEqual([report.left, resources(server)], [[], nothing]);
  });

  test("is deactivated where people cannot be deleted", async () => {
    const server = await start({ fault: "people-stay" });
    const run = await rehearse([server.base, "--only", "okta-put.create"]);
    assert.equal(run.code, 0, run.text);
    assert.match(
      run.stdout,
      /does not delete people\. These are deactivated instead:\n {2}rehearsal-\w+-put@example\.com/,
    );
    assert.deepEqual(
      server.directory.all("Users").map(({ active }) => active),
      [false],
    );
    assert.deepEqual(lists(), []);
  });

  test("stays in the list where the server does not answer any more", async () => {
    let requests = 0;
    const server = await start({
      intercept(_, response) {
        requests += 1;
        if (requests > 20) response.socket.destroy();
        return requests > 20;
      },
    });
    const run = await rehearse([server.base]);
    assert.equal(run.code, 2, run.text);
    assert.match(run.stdout, /Given up: 3 steps in a row got no answer\./);
    assert.match(run.stdout, /These could not be removed:\n {2}rehearsal-.*\n(.*\n)*.*--clean/);
    requests = -1000;
    const cleaned = await rehearse([server.base, "--clean"]);
    assert.equal(cleaned.code, 0, cleaned.text);
    assert.deepEqual(resources(server), nothing);
  });

  test("is in the list where the server asks to come back in an hour, as an access brake does", async () => {
    let isBraked = true;
    const server = await start({
      intercept({ method }, response) {
        if (method !== "DELETE" || !isBraked) return false;
        response.writeHead(429, { "retry-after": "3600" }).end('{"detail":"The brake is engaged."}');
        return true;
      },
    });
    const run = await rehearse([server.base, "--only", "okta-put.create,entra.delete,filters"]);
    assert.equal(run.code, 2, run.text);
    assert.match(run.stdout, /Given up: The server asks to come back in 3600 s \(429\), "The brake is engaged\."/);
    assert.match(run.stdout, /1 passed, 0 with warnings, 0 failed, 1 skipped/);
    assert.match(run.stdout, /could not be removed:\n {2}rehearsal-\S+ \(the server asks to come back in 3600 s\)/);
    isBraked = false;
    assert.equal((await rehearse([server.base, "--clean"])).code, 0);
    assert.deepEqual(resources(server), nothing);
  });

  test("waits and repeats where the server asks for it", async () => {
    let refusals = 0;
    const server = await start({
      intercept({ method }, response) {
        if (method !== "POST" || refusals > 0) return false;
        refusals += 1;
        response.writeHead(429, { "retry-after": "1" }).end("{}");
        return true;
      },
    });
    const waits = [];
    const options = { base: server.base, key: server.key, only: ["okta-put.create"] };
    const report = await rehearsalOf(options, { progress: { wait: (seconds) => waits.push(seconds) } });
    assert.deepEqual([stepsThat("passed", report), waits], [["okta-put.create"], [1]]);
  });
});

async function until(condition) {
  for (const end = Date.now() + 20_000; !condition(); ) {
    assert.ok(Date.now() < end, "it does not happen");
    await sleep(5);
  }
}
