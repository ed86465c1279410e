// `npm run bench -- --checks`: checks of permissions at the rate that a product key may send, 500 a second, and then as
// many as this machine answers, until the Worker refuses. Fails if one is refused or wrong before that.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { adminApi } from "../scripts/lib/demo.mjs";
import { builtWorker, openWorkers, schema } from "../scripts/lib/local-worker.mjs";
import { populate } from "../scripts/lib/population.mjs";
import { main, step } from "../scripts/lib/run.mjs";
import { Client } from "./lib/client.mjs";
import { machine, quantile } from "./lib/measure.mjs";

const { people: PEOPLE } = JSON.parse(process.argv[2]);
const PER_SECOND = 500;
const [SECONDS, TICK] = [20, 10];
const LIMIT = 60 * PER_SECOND; // of a minute, as in wrangler.toml
const TOKEN = "the-admin-token-of-the-benchmark-is-no-secret";
const folder = mkdtempSync(join(tmpdir(), "scim-edge-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

await main(async () => {
  const before = machine();
  const { client, question } = await step(`Making ${PEOPLE} people, half of them in a project`, start);
  const check = async (number) => {
    const { body, expected } = question(number);
    const began = performance.now();
    const headers = { "content-type": "application/json" };
    const answer = await client.send({ method: "POST", path: "/access/v1/evaluation", body, headers });
    if (answer.status === 200) assert.equal(JSON.parse(answer.text).decision, expected, answer.text);
    return { status: answer.status, took: performance.now() - began, answer };
  };
  await check(0); // The first request starts the Worker.
  const steady = await step(`${PER_SECOND} checks a second for ${SECONDS} seconds`, () => atRate(check));
  const busy = await step("As many as this machine answers, until one is refused", () => untilRefused(check));
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(steady.latencies, share).toFixed(1));
  const rate = ({ perSecond }) => `${perSecond.toFixed(0)} a second`;
  const refused = steady.statuses.filter((status) => status !== 200).length;
  const all = steady.statuses.length + busy.answered;
  console.log(`
${before}; ${PEOPLE} people
${PER_SECOND} a second: ${rate(steady)} answered, p50 ${p50} ms, p99 ${p99} ms, ${refused} refused
16 at once: ${rate(busy)}
${all} checks, then ${busy.status ?? "none"} refused, Retry-After: ${busy.retryAfter}`);
  assert.equal(refused, 0, `${refused} of ${PER_SECOND} checks a second were refused`);
  assert.ok(steady.perSecond > 0.95 * PER_SECOND, `this machine answers ${rate(steady)}`);
  assert.equal(busy.status, 429, "the limit was not reached within a minute");
  assert.match(busy.retryAfter, /^[1-9]\d*$/, "Retry-After is a whole number of seconds");
  process.exit(0); // servers and sockets would keep us
});

/** Starts the Worker with people, half of them members of a project, and a key that may check. */
async function start() {
  const bindings = { ADMIN_TOKEN: TOKEN, PRODUCT_KEY_REQUESTS_PER_MINUTE: String(LIMIT) };
  const running = await openWorkers({ folder, direct: true, workers: [builtWorker({ bindings })] });
  const database = await running.database();
  await database.prepare(schema()).run();
  const sql = async (query, ...params) => {
    const statement = database.prepare(query).bind(...params);
    return (await statement.all()).results;
  };
  const api = adminApi(running.url, TOKEN);
  const owner = { user_name: "olivia.owner@example.com", given_name: "Olivia", family_name: "Owner" };
  const { id } = await api("organizations", { name: "Bench", owner });
  const { people } = await populate(sql, id, { users: PEOPLE });
  const project = await api(`organizations/${id}/projects`, { name: "Demo" });
  const [{ group }] = project.roles.filter(({ name }) => name === "Member");
  await sql(
    `INSERT INTO memberships (group_seq, user_seq) SELECT g.seq, u.seq FROM groups g CROSS JOIN users u
     WHERE g.id = ?1 AND u.id IN (SELECT value FROM json_each(?2))`,
    group.id,
    JSON.stringify(people.filter((_, place) => place % 2 === 0)),
  );
  const { key } = await api(`organizations/${id}/product-keys`, { name: "Bench", scopes: ["check"] });
  const client = new Client(await running.directUrl("scim-edge"), { authorization: `Bearer ${key}` });
  const question = (number) => {
    const place = (number * 7919) % people.length;
    const asked = {
      subject: { type: "user", id: people[place] },
      action: { name: "view_project" },
      resource: { type: "project", id: project.id },
    };
    return { body: JSON.stringify(asked), expected: place % 2 === 0 };
  };
  return { client, question };
}

/** Sends checks at the rate, whether or not earlier ones are answered. */
async function atRate(check) {
  const began = performance.now();
  const sent = [];
  while (sent.length < PER_SECOND * SECONDS) {
    const due = Math.min(PER_SECOND * SECONDS, Math.ceil(((performance.now() - began) / 1000) * PER_SECOND));
    while (sent.length < due) sent.push(check(sent.length));
    await sleep(TICK);
  }
  const answers = await Promise.all(sent);
  const perSecond = answers.length / ((performance.now() - began) / 1000);
  return { perSecond, latencies: answers.map(({ took }) => took), statuses: answers.map(({ status }) => status) };
}

/** Sends checks, 16 at once, until one is refused, for a minute at most. */
async function untilRefused(check) {
  const began = performance.now();
  let [answered, refusal] = [0, undefined];
  const client = async () => {
    while (refusal === undefined && performance.now() - began < 60_000) {
      const { status, answer } = await check(answered);
      if (status === 200) answered += 1;
      else refusal = answer;
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));
  const perSecond = answered / ((performance.now() - began) / 1000);
  return { answered, perSecond, status: refusal?.status, retryAfter: refusal?.headers["retry-after"] ?? "none" };
}
