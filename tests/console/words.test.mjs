// What pages say is said in words of an administrator: no names of the API's fields, no HTTP status codes outside
// "More", no JSON; also after errors. And names of nothing but characters that HTML escapes keep pages small.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertStatus } from "../helpers/assert.mjs";
import { oktaGroup } from "../helpers/bodies.mjs";
import { pagesOf } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const MAX_BYTES = 100_000;

let organization;
let about;

before(async () => {
  await worker.started;
  organization = await createOrganization(worker, { settings: { plain_groups: true } });
  const [{ id: user }] = await organization.createUsers(3);
  const project = await organization.addProject("Demo", ["Cook"]);
  const team = await organization.addTeam(project.id, "Night");
  const group = (await organization.groupNamed("Statsig-Demo-Cook")).id;
  about = { user, group, project: project.id, team: team.id };
});

const headers = () => ({ Authorization: `Bearer ${worker.adminToken}`, Origin: worker.url });

async function load(address, form) {
  const body = form && new URLSearchParams(form);
  const method = form ? "POST" : "GET";
  const answer = await fetch(worker.url + address, { method, headers: headers(), body, redirect: "manual" });
  return { status: answer.status, html: await answer.text() };
}

/** What a page says, without what is folded under "More", values that are to be copied, and what it was given. */
function said(html) {
  return html
    .replace(/^[\s\S]*?<body/, "<body")
    .replace(/<details[^>]*><summary>(?:More|Details)[\s\S]*?<\/details>/g, " ")
    .replace(/<(code|pre|script|time)\b[\s\S]*?<\/\1>/g, " ")
    .replace(/<[^>]*>/g, " ")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, "&");
}

/** Words of the API in what a page says; types of events, which have a dot, are the product's own. */
function faults(html) {
  const text = said(html);
  const found = [
    ...text.matchAll(/(?<![.\w])[a-z]+(?:_[a-z]+)+\b(?!\.)/g),
    ...text.matchAll(/\b(?:400|401|403|404|405|409|413|422|429|500|503)\b/g),
    ...text.matchAll(
      /Bad Request|Not Found|Conflict\b|Unprocessable|Forbidden|\{"|": *(?:[[{"\d]|true|false|null)|\bnull\b/g,
    ),
  ];
  return found.map(({ 0: word, index }) => `"${word}" in "${text.slice(Math.max(0, index - 40), index + 40)}"`);
}

describe("pages", () => {
  test("have no words of the API", async () => {
    const all = [];
    for (const address of [...pagesOf(organization, about), "/console/nowhere", "/console/organizations?search=x"]) {
      const { html } = await load(address);
      all.push(...faults(html).map((fault) => `${address}: ${fault}`));
    }
    assert.deepEqual(all, []);
  });

  test("have none after an error, and a title that says what is wrong", async () => {
    const at = (rest) => `/console/organizations/${organization.id}/${rest}`;
    const forms = [
      ["/console/organizations", { action: "create", name: "", user_name: "" }],
      ["/console/organizations", { action: "create", name: "x", user_name: "no address" }],
      ["/console/organizations", { action: "accept", organization: organization.id }],
      [at("members"), { action: "add", user_name: "" }],
      [at("members"), { action: "add", user_name: "ada" }],
      [at(`members/${about.user}`), { action: "role", org_role: "" }],
      [at("keys"), { action: "generate", lifetime: "x" }],
      [at("keys"), { action: "generate", expires_in_seconds: "-1" }],
      [at("keys"), { action: "deactivate", key: "nothing" }],
      [at("settings"), { action: "save", name: "", brake_percent: "101" }],
      [at("settings"), { action: "save", name: "Acme", brake_percent: "x" }],
      [at("settings"), { action: "save", name: "Acme", key_lifetime_days: "99999999" }],
      [at("settings"), { action: "save", name: "Acme", user_limit: "9999999999" }],
      [at("settings"), { action: "save", name: "Acme", mail_domains: "not a domain" }],
      [at("projects"), { action: "create", name: "Demo" }],
      [at("projects"), { action: "create", name: "" }],
      [at(`projects/${about.project}`), { action: "rename", name: " x" }],
      [at(`projects/${about.project}`), { action: "archive", confirm: "", project_name: "Demo" }],
      [at(`groups/${about.group}`), { action: "add", person: "nobody" }],
      [at(`groups/${about.group}`), { action: "add", person: "" }],
      [at("bulk"), { action: "preview" }],
      [at("bulk"), { action: "preview", people: about.user, change: "" }],
      [at("bulk"), { action: "preview", query: "?status=nothing", change: "activate" }],
      [at("undo"), { action: "preview" }],
      [at("delete"), { action: "delete", confirm: "x" }],
      [at("brake"), { action: "release", for_minutes: "x" }],
      [at("settings"), { action: "nothing" }],
    ];
    const addresses = [
      at("log?count=0"),
      at("log?from=yesterday"),
      at("members?status=lost"),
      at("members?after=a&before=b"),
      at("projects?sort=size"),
      at("undo?since=x"),
      at("nowhere"),
      at("imports/compare?from=a&to=b"),
      `/console/organizations/${crypto.randomUUID()}/keys`,
      "/console/organizations?count=x",
    ];
    const all = [];
    const refused = [];
    for (const [address, form] of [...forms, ...addresses.map((address) => [address])]) {
      const { status, html } = await load(address, form);
      if (status < 400) continue;
      refused.push(address);
      const what = `${address} ${form ? JSON.stringify(form) : ""}`;
      assert.match(html, /role="alert"/, what);
      all.push(...faults(html).map((fault) => `${what}: ${fault}`));
    }
    assert.ok(refused.length >= 25, `only ${refused.length} of them are errors`);
    assert.deepEqual(all, []);
  });

  test("stay small with names of nothing but characters that HTML escapes", async () => {
    const quotes = (length, number) => `${String(number).padStart(3, "0")}${'"'.repeat(length - 3)}`;
    const admin = await createOrganization(worker, { settings: { plain_groups: true, name: quotes(200, 0) } });
    const wide = await admin.addProject(quotes(80, 0));
    for (let number = 0; number < 55; number++) {
      await admin.addTeam(wide.id, quotes(80, number));
      await admin.addProject(quotes(180, number + 1));
      assertStatus(await admin.okta.post("/Groups", oktaGroup(quotes(200, number), [])), 201);
      await admin.addMember(`${quotes(100, number)}@okta.local`, { given_name: quotes(60, number) });
      await createOrganization(worker, { settings: { name: quotes(200, number + 1) } });
    }
    for (let number = 0; number < 55; number++) {
      const path = admin.path(`/projects/${wide.id}/roles`);
      assertStatus(await admin.admin.send("POST", path, { name: quotes(100, number) }), 201);
    }
    const sizes = [];
    for (const page of ["members", "projects", `projects/${wide.id}`, "groups", "log", "keys", "export"]) {
      const { html, status } = await load(`/console/organizations/${admin.id}/${page}`);
      assert.equal(status, 200, page);
      if (html.length > MAX_BYTES) sizes.push(`${page} has ${html.length} bytes`);
    }
    const { html } = await load("/console/organizations");
    if (html.length > MAX_BYTES) sizes.push(`the list of organizations has ${html.length} bytes`);
    assert.deepEqual(sizes, []);
  });
});
