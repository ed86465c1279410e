// docs/operations.md: the arithmetic of the free plan follows from costs that are asserted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPECTED, QUICK_SIZE } from "../../bench/lib/counts.mjs";
import { oktaGroup, oktaUser, operation, person } from "../helpers/bodies.mjs";
import { read, table } from "../helpers/markdown.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const recording = { type: "esm", contents: read("tests/fixtures/recording-storage.js") };
const worker = useWorker({ modules: { "recording-storage.js": recording } });

const text = read("docs/operations.md");

/** The names in backticks of the first cell of each row. */
const named = (head) => {
  const rows = text.slice(text.indexOf(head)).split("\n\n")[0].split("\n").slice(2);
  return rows.map((row) => [...row.split("|")[1].matchAll(/`(\w+)`/g)].map(([, name]) => name));
};

test("the fields of the log are those that it lists, and queries use no others", async () => {
  const organization = await createOrganization(worker);
  await organization.okta.get("/Users/unknown");
  await organization.okta.with({ key: "scim-WRONG" }).get("/Users");
  await worker.fetch("http://localhost/scim/Users", { headers: { "CF-Connecting-IP": "192.0.2.7" } });
  await worker.flushLogs();
  const lines = worker.logs().filter((line) => line.startsWith('{"request_id"'));
  const seen = new Set(lines.flatMap((line) => Object.keys(JSON.parse(line))));
  const listed = named("| field | what |").flat();
  assert.deepEqual(listed.sort(), [...seen].sort());
  const queries = text.slice(text.indexOf("| question |")).split("\n\n")[0];
  const used = [...queries.matchAll(/`([a-z0-9_]+)`/g)]
    .map(([, name]) => name)
    .filter((name) => name !== "access_brake");
  assert.deepEqual(
    used.filter((name) => !listed.includes(name)),
    [],
  );
});

/** What Cloudflare's free plan allows in a day. */
const DAY = { requests: 100_000, read: 5_000_000, written: 100_000 };

const number = (value) => value.toLocaleString("en-US");

test("the table of the free plan has the asserted costs, and what they allow in a day", () => {
  const rows = Object.entries(EXPECTED).map(([name, [roundTrips, read, written]]) => {
    const most = Math.min(
      DAY.requests,
      DAY.read / read,
      written > 0 ? DAY.written / written : Number.POSITIVE_INFINITY,
    );
    const operation = name === "import all users" ? `import of ${QUICK_SIZE} people` : name;
    return [operation, ...[roundTrips, read, written, Math.floor(most)].map(number)];
  });
  const expected = rows.map((row) => `| ${row.join(" | ")} |`).join("\n");
  assert.deepEqual(table(text, "| operation | round trips"), rows, `the rows are\n${expected}`);
});

test("the sums beside it are right", () => {
  const [, readByImport] = EXPECTED["import all users"];
  const [, , writtenByCreate] = EXPECTED.create;
  const perPerson = Math.floor(readByImport / QUICK_SIZE);
  assert.ok(text.includes(`24 × 1,000 × ${perPerson} = ${number(24 * 1_000 * perPerson)} rows`));
  assert.ok(text.includes(`With ${number(1_000 * Math.floor(DAY.read / 24 / perPerson / 1_000))} people`));
  assert.ok(text.includes(`5,000 people writes ${number(5_000 * writtenByCreate)} rows`));
  assert.ok(10_000 * writtenByCreate > DAY.written);
});

test("a SCIM request has no more round trips and statements than it says", async () => {
  const [, most, mostStatements] = /at most (\d+) round trips and (\d+) statements/.exec(text).map(Number);
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { okta } = organization;
  const people = await organization.createUsers(120);
  const ids = people.map(({ id }) => id);
  const { id, displayName } = await organization.groupNamed("Statsig-Demo-Member");
  const requests = [
    () => okta.get(`/Users/${ids[0]}`),
    () => okta.list("/Users", { startIndex: 1, count: 100 }),
    () => okta.list("/Users", { startIndex: 101, count: 100 }),
    () => okta.find("/Users", 'title co "x"'),
    () => okta.post("/Users", oktaUser(person("new@okta.local"))),
    () => okta.put(`/Users/${ids[1]}`, oktaUser(person(people[1].userName, "Other"))),
    () => okta.put(`/Groups/${id}`, oktaGroup(displayName, ids)),
    () => okta.patch(`/Users/${ids[2]}`, operation.active(false)),
    () => okta.patch(`/Groups/${id}`, operation.removeMember(ids[3])),
    () => okta.post("/Groups", oktaGroup("Statsig-Demo-Night Shift-Member", ids.slice(4, 9))),
    () => okta.delete(`/Users/${ids[5]}`),
  ];
  for (const request of requests) {
    await worker.flushLogs();
    const before = worker.logs().length;
    const { method, path } = await request();
    await worker.flushLogs();
    const lines = worker.logs().slice(before);
    const batches = lines.filter((line) => line.startsWith('{"batch"')).map((line) => JSON.parse(line).batch.length);
    const statements = batches.reduce((sum, count) => sum + count, 0);
    assert.ok(batches.length > 0 && batches.length <= most, `${method} ${path}: ${batches.length} round trips`);
    assert.ok(statements <= mostStatements, `${method} ${path}: ${statements} statements`);
  }
});
