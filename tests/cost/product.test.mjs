// What the product's side costs: each call, a change with webhooks, a delivery, and a minute in which nothing happens.
// Counted as D1 bills it, and exact. docs/guides/product.md has the figures.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertStatus, eventually, serverTiming } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct } from "../helpers/product.mjs";
import { addWebhook, startReceiver } from "../helpers/receiver.mjs";
import { useWorker } from "../helpers/worker.mjs";
import { CALLS, DELIVERIES, PEOPLE, ROLES } from "./product-costs.mjs";

const contents = readFileSync(new URL("../fixtures/counting-storage.js", import.meta.url), "utf8");
const worker = useWorker({
  modules: { "counting-storage.js": { type: "esm", contents } },
  vars: { WEBHOOK_TARGETS: "any" },
});

/** Resolves with what each invocation has cost since the last time. */
const costs = async () => (await fetch(`${worker.url}/costs`)).json();

const sum = (all) =>
  ["round_trips", "rows_read", "rows_written"].map((name) => all.reduce((total, cost) => total + cost[name], 0));
const costOf = (answer) => {
  const { round_trips, rows_read, rows_written } = serverTiming(assertSucceeded(answer));
  return [round_trips, rows_read, rows_written];
};
function assertSucceeded(answer) {
  assert.ok([200, 202, 204].includes(answer.status), answer.text);
  return answer;
}

let found;

before(async () => {
  await worker.started;
  const organization = await createOrganization(worker, { projects: { Demo: ROLES } });
  const product = await createProduct(organization);
  const poll = (body) => product.send("POST", "/product/v1/sets/poll", { returnImmediately: true, ...body });
  await poll({}); // A stream begins with its first poll.
  const idle = await poll({});
  const people = await organization.createUsers(PEOPLE);
  const [project] = (await organization.admin.get(organization.path("/projects"))).projects;
  const group = await organization.groupNamed(`Statsig-Demo-${ROLES[0]}`);
  assertStatus(
    await organization.okta.patch(
      `/Groups/${group.id}`,
      operation.addMembers(people.slice(0, 100).map(({ id }) => id)),
    ),
    204,
  );
  const { roles } = await organization.admin.get(organization.path(`/projects/${project.id}`));
  for (const { group } of roles) {
    await organization.admin.call("PUT", organization.path(`/groups/${group.id}/members/${people[0].id}`), {}, 200);
  }
  const events = (query) => product.send("GET", `/product/v1/events?${query}`);
  const { cursor } = (await events("limit=1000")).body;
  const newest = (await events(`limit=1000&after=${cursor}`)).body.cursor;
  const [subject, resource] = [
    { type: "user", id: people[0].id },
    { type: "project", id: project.id },
  ];
  const action = { name: "view_project" };
  const ask = (path, body) => product.send("POST", `/access/v1/${path}`, body);
  const evaluations = Array.from({ length: 10 }, () => ({ action }));
  found = {
    "page of the feed, without events": costOf(await events(`after=${newest}`)),
    "page of the feed, 100 events": costOf(await events("limit=100")),
    "page of the feed, 1,000 events": costOf(await events("limit=1000")),
    [`a person with their access, ${ROLES.length + 3} roles`]: costOf(
      await product.send("GET", `/product/v1/people/${people[0].id}`),
    ),
    "people of a project, 100": costOf(
      await product.send("GET", `/product/v1/projects/${project.id}/people?limit=100`),
    ),
    "check, a person with 1 role": costOf(
      await ask("evaluation", { subject: { ...subject, id: people[1].id }, action, resource }),
    ),
    [`check, a person with ${ROLES.length + 3} roles`]: costOf(await ask("evaluation", { subject, action, resource })),
    "checkAll, 10 questions": costOf(await ask("evaluations", { subject, resource, evaluations })),
    "search of subjects in 3 groups": costOf(
      await ask("search/subject", { subject: { type: "user" }, action, resource }),
    ),
    "search of resources": costOf(await ask("search/resource", { subject, action, resource: { type: "project" } })),
    "search of actions": costOf(await ask("search/action", { subject, resource })),
    acknowledgement: costOf(await product.send("POST", "/product/v1/acknowledgements", { cursor: newest })),
    "acknowledgement, once more": costOf(
      await product.send("POST", "/product/v1/acknowledgements", { cursor: newest }),
    ),
    "poll of security events, none": costOf(idle),
    "poll of security events, 100": costOf(await poll({ maxEvents: 100 })),
  };
  await costs();
  const snapshot = await product.send("GET", "/product/v1/snapshot");
  assertSucceeded(snapshot);
  await eventually(async () => assert.equal(snapshot.text.trim().split("\n").length, PEOPLE + 1 + 2));
  found[`snapshot of ${(PEOPLE + 1).toLocaleString("en")} people`] = sum(await costs());
});

test("each call costs what the table says", () => {
  assert.deepEqual(found, CALLS);
});

test("changes and deliveries cost what the table says", async () => {
  const deliveries = {};
  const organizations = new Map();
  for (const [count, change, delivery] of [
    [0, "a change of a name, no webhook"],
    [1, "a change of a name, 1 webhook", "its delivery"],
    [3, "a change of a name, 3 webhooks", "its deliveries"],
  ]) {
    const subject = await withWebhooks(count);
    organizations.set(count, subject);
    deliveries[change] = costOf(await subject.rename("New"));
    await subject.isDelivered();
    const all = await costs();
    const queue = all.filter(({ kind }) => kind === "queue");
    const messages = all.reduce((total, { messages }) => total + messages, 0);
    assert.deepEqual([messages, queue.length], count === 0 ? [0, 0] : [1, 1], change);
    if (count > 0) deliveries[delivery] = sum(queue);
  }
  const { organization, rename, isDelivered } = organizations.get(3);
  // As if the Worker had ended between the answer and the message.
  await worker.sql("UPDATE organizations SET webhooks = 0 WHERE id = ?1", organization.id);
  await rename("Newer");
  await costs();
  await worker.sweep();
  await isDelivered();
  deliveries["a sweep that delivers an event to 3 webhooks"] = sum(
    (await costs()).filter(({ kind }) => kind === "cron"),
  );
  await worker.sweep();
  deliveries["a minute without work, 4 webhooks"] = sum((await costs()).filter(({ kind }) => kind === "cron"));
  for (const [what, [, read]] of Object.entries(deliveries)) {
    // SQLite also looks at the row behind a range, if there is one: the order of random ids decides.
    if (/deliver/.test(what) && Math.abs(read - DELIVERIES[what][1]) <= 6) deliveries[what][1] = DELIVERIES[what][1];
  }
  assert.deepEqual(deliveries, DELIVERIES);
});

/**
 * An organization with a number of webhooks that have delivered all. `rename` changes a person; `isDelivered` resolves
 * once each receiver has got one more message, and no other.
 */
async function withWebhooks(count) {
  const organization = await createOrganization(worker);
  const user = await organization.createUser(`with-${count}@okta.local`);
  const receivers = [];
  for (let i = 0; i < count; i++) receivers.push(await startReceiver());
  for (const receiver of receivers) await addWebhook(organization, receiver);
  const settled = async () => {
    await eventually(async () => {
      const { webhooks } = await organization.admin.get(organization.path("/webhooks"));
      assert.ok(webhooks.every(({ waiting }) => waiting === 0));
    });
    await sleep(1_500); // What the queue would still bring.
  };
  await settled();
  let delivered = receivers.map(({ messages }) => messages.length);
  await costs();
  return {
    organization,
    rename: (displayName) => organization.okta.patch(`/Users/${user.id}`, { op: "replace", value: { displayName } }),
    async isDelivered() {
      await settled();
      const now = receivers.map(({ messages }) => messages.length);
      assert.deepEqual(
        now,
        delivered.map((messages) => messages + 1),
      );
      delivered = now;
    },
  };
}

test("the table of docs/guides/product.md is true", () => {
  const rows = Object.entries({ ...CALLS, ...DELIVERIES }).map(
    ([what, cost]) => `| ${[what, ...cost.map((value) => value.toLocaleString("en"))].join(" | ")} |`,
  );
  const made = ["| what | round trips | rows read | rows written |", "| --- | --- | --- | --- |", ...rows].join("\n");
  const file = new URL("../../docs/guides/product.md", import.meta.url);
  const text = readFileSync(file, "utf8");
  const [begin, kept, end] = text.split(/(?<=<!-- costs -->\n\n)|(?=\n\n<!-- end of costs -->)/);
  if (process.env.UPDATE) writeFileSync(file, begin + made + end);
  else assert.equal(kept, made, "UPDATE=1 renews the table");
});
