// Limits of the console, and malformed addresses and forms.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus, eventually } from "../helpers/assert.mjs";
import { oktaUser, person } from "../helpers/bodies.mjs";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const numbered = (count, name) => Array.from({ length: count }, (_, i) => name(i));

async function signIn() {
  const headers = { "Content-Type": "application/x-www-form-urlencoded", Origin: worker.url };
  const answer = await send("POST", `${worker.url}/console/sign-in`, { headers, body: `token=${worker.adminToken}` });
  return [answer.headers["set-cookie"]].flat()[0].split(";")[0];
}

test("a project is created with at most a hundred custom roles", async () => {
  const organization = await createOrganization(worker);
  const create = (count) =>
    organization.admin.send("POST", organization.path("/projects"), {
      name: "Demo",
      roles: numbered(count, (i) => `R${i}`),
    });
  assertProblem(await create(50_000), 400, /at most 100/);
  assertProblem(await create(101), 400, /at most 100/);
  assert.equal(assertStatus(await create(100), 201).roles.length, 103);
});

test("an organization has at most a thousand email domains, and a refusal names ten", async () => {
  const organization = await createOrganization(worker, { settings: { mail_domains: ["okta.local"] } });
  const change = (count) =>
    organization.admin.send("PATCH", organization.path(), { mail_domains: numbered(count, (i) => `d${i}.example`) });
  assertProblem(await change(50_000), 400, /at most 1000/);
  assertStatus(await change(1_000), 200);
  const refused = assertStatus(await organization.okta.post("/Users", oktaUser(person("ada@okta.local"))), 400);
  assert.match(refused.detail, /d0\.example, .*d9\.example, …/);
  assert.ok(refused.detail.length < 500);
});

test("of requests at once that replace a key, each makes a key and says so, or makes none", async () => {
  const organization = await createOrganization(worker);
  const regenerate = () =>
    organization.admin.send("POST", organization.path(`/keys/${organization.key.id}/regenerate`), {});
  const statuses = (await Promise.all([regenerate(), regenerate(), regenerate()])).map(({ status }) => status);
  // A request that comes after the others makes one more key, and its answer says so.
  const made = statuses.filter((status) => status === 201).length;
  assert.ok(made >= 1 && statuses.every((status) => status === 201 || status === 409), String(statuses));
  const { keys } = await organization.admin.get(organization.path("/keys"));
  assert.equal(keys.filter(({ status }) => status === "active").length, made);
});

test("no link signs a user out, and the id of a resource in the log is no way to another site", async () => {
  const organization = await createOrganization(worker);
  const Cookie = await signIn();
  const page = (path) => send("GET", `${worker.url}/console${path}`, { headers: { Cookie } });
  const signOut = await page("/sign-out");
  assert.equal(signOut.headers["set-cookie"], undefined);
  const [, ...rest] = organization.path().split("/");
  await send("PATCH", `${organization.okta.base}/Users/..%2F..%2F..%2Fsign-out`, {
    headers: { Authorization: `Bearer ${organization.okta.key}`, "Content-Type": "application/scim+json" },
    body: "{}",
  });
  await eventually(async () => {
    const log = await page(`/${rest.join("/")}/log`);
    assert.match(log.text, /\/members\/\.\.%2F\.\.%2F\.\.%2Fsign-out"/);
    assert.doesNotMatch(log.text, /href="[^"]*\.\.\//);
  });
  assertStatus(await send("GET", `${worker.url}/console/api/organizations`, { headers: { Cookie } }), 200);
});

test("a form with a name that no address can have is answered, never with the page of the runtime", async () => {
  const organization = await createOrganization(worker);
  const gone = await organization.createUser("gone@okta.local");
  await organization.admin.call("DELETE", organization.path(`/members/${gone.id}`), undefined, 200);
  const headers = {
    Cookie: await signIn(),
    Origin: worker.url,
    "Content-Type": "application/x-www-form-urlencoded",
  };
  const address = `${worker.url}/console${organization.path("/members/a%0d%0aSet-Cookie:%20x=1")}`;
  const body = "action=activate&user_name=gone@okta.local";
  const answer = await send("POST", address, { headers, body });
  assert.equal(answer.status, 303);
  assert.deepEqual(
    answer.headers["set-cookie"]?.map((cookie) => cookie.split("=")[0]),
    ["console_done", "console_session"],
  );
  assert.ok(answer.headers.location.includes("%0D%0A"), answer.headers.location);
});
