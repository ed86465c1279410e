// The description of the console's API: that it is one, and that the Worker does what it says and nothing else. Whether
// answers are as described, tests/helpers/admin.mjs checks for every call of every test.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { AdminApi, assertProblem } from "../helpers/admin.mjs";
import { assertStatus, eventually } from "../helpers/assert.mjs";
import { oktaUser, operation, person } from "../helpers/bodies.mjs";
import { ScimClient } from "../helpers/client.mjs";
import { send } from "../helpers/http.mjs";
import {
  checkCall,
  document,
  methodsOf,
  operationOf,
  operations,
  Part,
  parametersOf,
  text,
} from "../helpers/openapi.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
// The media types of the operations that answer with a file.
const FILES = { export: ["text/csv", "application/x-ndjson"] };
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Every object in the document, with the names that lead there. */
function* objects(value = document, names = []) {
  if (value === null || typeof value !== "object") return;
  yield { value, names };
  for (const [name, part] of Object.entries(value)) yield* objects(part, [...names, name]);
}

describe("the description", () => {
  test("is served without authentication, as it is in the source", async () => {
    for (const headers of [{}, { Authorization: "Bearer wrong" }]) {
      const answer = await send("GET", new URL("/console/api/openapi.json", worker.url).href, { headers });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["content-type"], "application/json");
      assert.equal(answer.text, text);
    }
  });

  test("is OpenAPI 3.1", async () => {
    assert.match(document.openapi, /^3\.1\./);
    assert.deepEqual(await new Validator().validate(structuredClone(document)), { valid: true });
  });

  test("refers to all that it has, and to nothing else", () => {
    const used = new Set(Object.keys(document.components.securitySchemes).map((name) => `securitySchemes/${name}`));
    for (const { value } of objects()) {
      if (typeof value.$ref !== "string") continue;
      assert.ok(Part.of(value.$ref).value, `nothing is at ${value.$ref}`);
      used.add(value.$ref.replace("#/components/", ""));
    }
    const kinds = Object.entries(document.components);
    assert.deepEqual(
      [...used].sort(),
      kinds.flatMap(([kind, all]) => Object.keys(all).map((n) => `${kind}/${n}`)).sort(),
    );
    for (const { part } of operations) {
      for (const scheme of part.value.security ?? document.security) {
        assert.ok(Object.keys(scheme).every((name) => name in document.components.securitySchemes));
      }
    }
  });

  test("names every operation, its tag and the parameters of its path", () => {
    const ids = operations.map(({ part }) => part.value.operationId);
    assert.equal(new Set(ids).size, ids.length);
    const tags = new Set(operations.flatMap(({ part }) => part.value.tags));
    assert.deepEqual([...tags].sort(), document.tags.map(({ name }) => name).sort());
    for (const each of operations) {
      assert.ok(each.part.value.summary, each.template);
      const inPath = [...each.template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      assert.deepEqual(
        parametersOf(each, "path").map(({ value }) => value.name),
        inPath,
      );
    }
  });

  test("describes every failure as a problem, and for each call those that any call can have", () => {
    for (const { part } of operations.filter(({ part }) => !part.value.security)) {
      const responses = part.each("responses");
      const statuses = Object.keys(part.value.responses);
      const expected = ["401", "429", "503", ...(part.value.requestBody ? ["400", "403", "413"] : [])];
      for (const status of expected) assert.ok(statuses.includes(status), `${part.value.operationId} ${status}`);
      for (const [i, response] of responses.entries()) {
        const types = Object.keys(response.value.content);
        const files = FILES[part.value.operationId] ?? ["application/json"];
        assert.deepEqual(types, statuses[i] < 400 ? files : ["application/problem+json"]);
      }
    }
  });

  test("leaves no object open, and no field of an answer optional", () => {
    const requests = [
      "Settings",
      "PreviewUndo",
      "StartUndo",
      "PreviewBulk",
      "StartBulk",
      "UndoSelection",
      "NewOrganization",
      "NewPerson",
      "NewMember",
      "ChangeMember",
      "RestorePerson",
      "NewProject",
      "GenerateKey",
      "RegenerateKey",
      "GenerateProductKey",
      "RotateProductKey",
      "NewSetupLink",
      "ReleaseBrake",
      "Confirmation",
      "NewWebhook",
      "ChangeWebhook",
      "RotateSecret",
      "ReplayEvents",
    ];
    for (const { value, names } of objects()) {
      if (!value.properties || names.at(-1) === "properties") continue;
      const place = names.join("/");
      assert.equal(value.additionalProperties, false, place);
      if (names.includes("requestBody") || requests.includes(names.at(-1))) continue;
      assert.deepEqual(value.required, Object.keys(value.properties), place);
    }
  });

  test("shows examples that are as it describes them", () => {
    let shown = 0;
    for (const { value, names } of objects()) {
      if (!("example" in value) || !("schema" in value)) continue;
      assert.equal(new Part(...names).at("schema").complaint(value.example), undefined, names.join("/"));
      shown++;
    }
    assert.ok(shown >= 8);
  });
});

/**
 * Calls that need an administrator who comes through Cloudflare Access; tests/admin-api/invitations.test.mjs does it.
 */
const BY_ACCESS = ["acceptInvitation", "declineInvitation"];

/** Calls operations by their names in the document, and remembers which, and with which parameters. */
class Walk {
  admin = new AdminApi(worker);
  done = new Set();

  /** One call that must succeed; its body. `status` where it is not the first that is described. */
  async call(id, names = {}, { query = {}, body, status } = {}) {
    const { method, template, part } = operations.find((each) => each.part.value.operationId === id);
    const path = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(names[name]));
    const answer = await this.admin.send(method, `${path}?${new URLSearchParams(query)}`, body);
    assertStatus(answer, status ?? Number(Object.keys(part.value.responses)[0]));
    for (const name of ["", ...Object.keys(query)]) this.done.add(`${id} ${name}`.trim());
    return answer.body;
  }
}

const named = (list, name) => list.find((each) => each.name === name);

describe("the Worker", () => {
  test("does all that the description has", async () => {
    const walk = new Walk();
    assert.deepEqual(await walk.call("describeApi"), document);

    const owner = { user_name: "owner@okta.local", given_name: "Olga", family_name: "Owner" };
    const settings = { mail_domains: ["Okta.Local"], key_lifetime_days: 30, plain_groups: null, database: 0 };
    const made = await walk.call("createOrganization", {}, { body: { name: "Acme", owner, ...settings } });
    const at = (names) => ({ org: made.id, ...names });
    const { organizations } = await walk.call("listOrganizations");
    assert.ok(organizations.some(({ id }) => id === made.id));
    const { next: place } = await walk.call("listOrganizations", {}, { query: { sort: "name", count: 1 } });
    const behind = { sort: "name", after: place ?? `~${made.id}`, search: "nowhere" };
    assert.equal((await walk.call("listOrganizations", {}, { query: behind })).next, null);
    const link = await walk.call("createSetupLink", at(), { body: { expires_in_days: 2 } });
    assert.equal((await walk.call("listSetupLinks", at())).links[0].id, link.id);
    assert.equal((await walk.call("revokeSetupLink", at({ link: link.id }))).status, "revoked");
    assert.equal((await walk.call("readOrganization", at())).key_lifetime_days, 30);
    const changed = await walk.call("changeOrganization", at(), { body: { key_lifetime_days: 0, name: null } });
    assert.deepEqual([changed.key_lifetime_days, changed.name], [null, "Acme"]);

    const lifted = await walk.call("releaseBrake", at(), { body: { for_minutes: 15 } });
    assert.ok(lifted.brake.lifted_until > made.created_at);
    const ready = await walk.call("releaseBrake", at(), { body: { for_minutes: 0 } });
    assert.equal(ready.brake.lifted_until, null);
    assert.equal((await walk.call("pauseProvisioning", at())).pause.by, "admin token");
    assert.equal((await walk.call("resumeProvisioning", at())).pause, null);

    const key = await walk.call("generateKey", at(), { body: { expires_in_seconds: 3600 } });
    const renewed = await walk.call("regenerateKey", at({ key: key.id }), { body: { overlap_seconds: 60 } });
    assert.equal((await walk.call("renameKey", at({ key: key.id }), { body: { name: "Okta" } })).name, "Okta");
    assert.equal((await walk.call("deactivateKey", at({ key: key.id }))).status, "deactivated");
    assert.deepEqual((await walk.call("listKeys", at())).keys.map(({ id }) => id).sort(), [key.id, renewed.id].sort());
    const okta = new ScimClient(new URL("/scim", worker.url).href, renewed.key);
    const product = await walk.call("generateProductKey", at(), { body: { name: "Checkout", scopes: ["check"] } });
    const billing = await walk.call("renameProductKey", at({ key: product.id }), { body: { name: "Billing" } });
    assert.equal(billing.name, "Billing");
    const rotated = await walk.call("rotateProductKey", at({ key: product.id }), { body: { overlap_hours: 1 } });
    assert.equal((await walk.call("deactivateProductKey", at({ key: product.id }))).status, "deactivated");
    const products = await walk.call("listProductKeys", at());
    assert.deepEqual((await walk.call("listConsumers", at())).consumers, []);
    assert.deepEqual(products.keys.map(({ id }) => id).sort(), [product.id, rotated.id].sort());

    const body = { name: "Demo", roles: ["Engineer"] };
    const { id: project } = await walk.call("createProject", at(), { body });
    const shop = await walk.call("renameProject", at({ project }), { body: { name: "Shop" } });
    assert.equal(named(shop.roles, "Engineer").group.display_name, "Statsig-Shop-Engineer");
    await walk.call("createRole", at({ project }), { body: { name: "Analyst" } });
    const team = await walk.call("createTeam", at({ project }), { body: { name: "Night Shift" } });

    const spare = (await walk.call("createRole", at({ project }), { body: { name: "Spare" } })).group.id;
    assert.equal(
      (await walk.call("renameRole", at({ project, role: spare }), { body: { name: "Left" } })).name,
      "Left",
    );
    assert.equal((await walk.call("readRole", at({ project, role: spare }))).project.name, "Shop");
    assert.equal((await walk.call("previewRoleDeletion", at({ project, role: spare }))).people, 0);
    await walk.call("deleteRole", at({ project, role: spare }), { query: { confirm_people: 0 } });
    await walk.call("renameTeam", at({ project, team: team.id }), { body: { name: "Day Shift" } });
    await walk.call("renameTeam", at({ project, team: team.id }), { body: { name: "Night Shift" } });
    const spot = at({ kind: "project", role: "Engineer" });
    const allowed = await walk.call("changePermissions", spot, { body: { permissions: ["bake_bread"] } });
    assert.deepEqual(await walk.call("readPermissions", spot), allowed);
    assert.ok((await walk.call("listPermissions", at())).in_use.includes("bake_bread"));
    const query = { search: "sho", sort: "people", archived: "with", skip: 0, count: 1 };
    const { projects, total } = await walk.call("listProjectSummaries", at(), { query });
    assert.deepEqual([projects.map(({ id }) => id), total], [[project], 1]);
    const detail = { search: "night", skip: 0, skip_roles: 1, count: 2 };
    const { roles, teams } = await walk.call("readProject", at({ project }), { query: detail });
    assert.deepEqual([roles.length, teams.length, roles[0].name], [2, 1, "Member"]);
    assert.equal((await walk.call("readTeam", at({ project, team: team.id }))).roles.length, 2);

    const ada = assertStatus(await okta.post("/Users", oktaUser(person("ada@okta.local"))), 201);
    const add = (body, status) => walk.call("addMember", at(), { body, status });
    const bob = await add({ user_name: "bob@okta.local", given_name: "Bob" }, 201);
    const eve = await add({ user_name: "eve@elsewhere.example", family_name: null, org_role: "Admin" }, 201);
    const filters = [
      [{ count: 2 }, ["ada@okta.local", "bob@okta.local"]],
      [{ count: 2, after: "bob@okta.local" }, ["eve@elsewhere.example", "owner@okta.local"]],
      [{ search: "EVE@", status: "active" }, ["eve@elsewhere.example"]],
      [{ org_role: "Owner" }, ["owner@okta.local"]],
      [{ status: "inactive", search: "" }, []],
      [{ domain: "elsewhere.example", provider: "never_sent", sort: "name" }, ["eve@elsewhere.example"]],
      [{ group: "Nothing", silent_since: "2026-01-01", from: "a" }, []],
      [{ before: "bob@okta.local" }, ["ada@okta.local"]],
    ];
    for (const [query, expected] of filters) {
      const { members, next } = await walk.call("listMembers", at(), { query });
      assert.deepEqual(
        members.map(({ user_name }) => user_name),
        expected,
      );
      assert.equal(next, (query.count && !query.after) || query.before ? expected.at(-1) : null);
    }

    const group = named(team.roles, "Member").group.id;
    assertStatus(await okta.patch(`/Groups/${group}`, operation.addMembers([ada.id, bob.id])), 204);
    const page = await walk.call("readGroup", at({ group }), { query: { count: 1 } });
    assert.deepEqual(
      [page.project, page.team],
      [
        { id: project, name: "Shop" },
        { id: team.id, name: "Night Shift" },
      ],
    );
    const plain = await walk.call("listPlainGroups", at(), {
      query: { search: "x", sort: "pushed", skip: 1, count: 1 },
    });
    assert.deepEqual(plain, { groups: [], total: 0, next: null });
    const { members, next } = await walk.call("readGroup", at({ group }), { query: { after: page.next } });
    assert.deepEqual([page.members[0].id, members[0].id, next], [ada.id, bob.id, null]);
    assert.ok(page.pushed_at);
    const found = await walk.call("readGroup", at({ group }), { query: { search: "BOB" } });
    assert.deepEqual(
      found.members.map(({ id }) => id),
      [bob.id],
    );
    const addition = await walk.call("addToGroup", at({ group, member: eve.id }), { body: {} });
    assert.deepEqual([addition.changed, addition.is_member, addition.warning], [true, true, null]);
    const leaving = await walk.call("previewRemoveFromGroup", at({ group, member: eve.id }));
    assert.deepEqual([leaving.people, leaving.memberships], [1, 1]);
    const left = await walk.call("removeFromGroup", at({ group, member: eve.id }), { query: { confirm_people: 1 } });
    assert.deepEqual([left.changed, left.is_member], [true, false]);
    const change = { action: "activate" };
    const bulk = await walk.call("previewBulk", at(), { body: { change, people: [eve.id] } });
    assert.equal(bulk.counts.people, 1);
    const { id: run } = await walk.call("startBulk", at(), { body: { change, people: [eve.id] } });
    assert.equal((await walk.call("stepBulk", at({ bulk: run }), { body: {} })).status, "finished");
    assert.equal((await walk.call("stopBulk", at({ bulk: run }))).status, "finished");
    const page1 = await walk.call("readBulk", at({ bulk: run }), { query: { count: 1, after: "!" } });
    assert.deepEqual(
      page1.people.map(({ result }) => result),
      ["unchanged"],
    );
    await walk.call("export", at({ export: "groups" }), { query: { format: "jsonl" } });

    const shown = await walk.call("readMember", at({ member: ada.id }));
    assert.deepEqual((await walk.call("listRevocations", at({ member: ada.id }))).revocations, []);
    assert.deepEqual(shown.resource, assertStatus(await okta.get(`/Users/${ada.id}`), 200));
    assert.deepEqual(shown.groups, [{ id: group, display_name: "Statsig-Shop-Night Shift-Member" }]);
    assert.equal(shown.history.at(-1).actor, renewed.hint);
    assert.equal((await walk.call("readMember", at({ member: eve.id }))).resource, null);
    await walk.call("changeMember", at({ member: bob.id }), { body: { org_role: "Admin" } });
    await walk.call("transferOwnership", at(), { body: { member: bob.id } });
    const removal = await walk.call("previewRemoval", at({ member: ada.id }));
    assert.deepEqual(removal, { people: 1, memberships: 1, of: removal.of, needs_confirmation: false });
    await walk.call("removeMember", at({ member: ada.id }), { query: { confirm_people: 1 } });
    await add({ user_name: "ada@okta.local" }, 200);

    const inTeam = await walk.call("previewTeamDeletion", at({ project, team: team.id }));
    assert.deepEqual([inTeam.people, inTeam.memberships], [1, 1]);
    await walk.call("deleteTeam", at({ project, team: team.id }), { query: { confirm_people: 1 } });
    assert.equal((await walk.call("previewArchive", at({ project }))).people, 0);
    const hidden = await walk.call("previewSettings", at(), { body: { mail_domains: ["elsewhere.example"] } });
    assert.equal(hidden.people, hidden.of);
    assert.ok((await walk.call("archiveProject", at({ project }), { body: {} })).archived_at);
    assert.deepEqual((await walk.call("listProjects", at())).projects[0].roles, []);
    const last = { after: "9999~", count: 1 };
    assert.deepEqual(await walk.call("listProjects", at(), { query: last }), { projects: [], next: null });
    const restored = await walk.call("restoreProject", at({ project }));
    assert.deepEqual([restored.archived_at, restored.roles.length], [null, 5]);

    const address = "https://product.acme.example/hook";
    const { secret, ...hook } = await walk.call("createWebhook", at(), {
      body: { address, types: ["person.created"] },
    });
    const ofHook = at({ webhook: hook.id });
    assert.deepEqual((await walk.call("listWebhooks", at())).webhooks, [hook]);
    const off = await walk.call("changeWebhook", ofHook, { body: { disabled: true, description: "The product" } });
    assert.deepEqual([off.status, off.description, off.address], ["disabled", "The product", address]);
    assert.deepEqual(await walk.call("readWebhook", ofHook), { ...off, waiting: off.waiting });
    assert.notEqual((await walk.call("rotateSecret", ofHook, { body: { overlap_seconds: 60 } })).secret, secret);
    const tried = await walk.call("testWebhook", ofHook);
    assert.equal(tried.status, 0, "there is no such host");
    const { attempts } = await walk.call("listAttempts", ofHook, { query: { count: 1, before: 9 } });
    assert.deepEqual(attempts, [tried]);
    assert.equal((await walk.call("replayEvents", ofHook, { body: { from: 1, to: 2 } })).replay.until, 2);
    assert.deepEqual(await walk.call("deleteWebhook", ofHook), {});

    await okta.list("/Users", { startIndex: 1, count: 2 });
    await okta.list("/Users", { startIndex: 3, count: 2 });
    const { imports } = await walk.call("listImports", at());
    assert.deepEqual(
      imports.map(({ resource, page_size, total, pages }) => [resource, page_size, total, pages]),
      [["Users", 2, 3, 2]],
    );
    await okta.list("/Users", { startIndex: 1, count: 10 });
    const kept = await eventually(async () => {
      const { kept } = await walk.call("listImports", at(), { query: { count: 1, before: "9" } });
      assert.equal(kept[0]?.pages_kept, 1);
      return kept[0];
    });
    assert.deepEqual((await walk.call("readHealth", at())).findings, []);
    assert.equal((await walk.call("readImport", at({ import: kept.id }))).page_list.length, 1);
    const onPage = await walk.call("readImportPage", at({ import: kept.id, page: 1 }));
    assert.equal(onPage.people.length, 3);
    const same = { from: kept.id, to: kept.id, after: 0, count: 1 };
    assert.deepEqual((await walk.call("compareImports", at(), { query: same })).differences, []);
    assert.equal((await walk.call("readShown", at({ member: bob.id }))).imports[0].shown.page, 1);

    assertStatus(await okta.delete(`/Users/${bob.id}`), 400);
    const log = async (query) => (await walk.call("readLog", at(), { query })).entries;
    // A failure is noted after its answer.
    await eventually(async () => assert.notEqual((await log({ status: "failed" })).length, 0));
    const [failure] = await log({ status: "failed", source: "scim", resource: bob.id });
    assert.deepEqual([failure.method, failure.status, failure.code], ["DELETE", 400, "owner_protected"]);
    assert.deepEqual(await log({ code: "owner_protected" }), [failure]);
    assert.deepEqual(await log({ code: "second_owner" }), []);
    assert.deepEqual((await log({ resource: "bob@okta.local", count: 1 }))[0], failure);
    const all = await log({ count: 200 });
    assert.deepEqual(await log({ from: failure.at.slice(0, 10), count: 200 }), all);
    const [oldest] = all.slice(-1);
    assert.deepEqual([oldest.actor, oldest.resource_type], ["admin token", null]);
    assert.deepEqual(await log({ before: all[3].id, count: 2 }), all.slice(4, 6));
    assert.deepEqual(await log({ after: all[3].id }), all.slice(0, 3));
    // A time of whole seconds, as most tools write it, is before all that happens in that second.
    const second = `${oldest.at.slice(0, 19)}Z`;
    assert.deepEqual([await log({ from: second, count: 200 }), await log({ to: second })], [all, []]);

    const deeds = async (query) => (await walk.call("listEvents", at(), { query })).deeds;
    const [refused] = await deeds({ outcome: "refused", actor: renewed.hint, count: 1 });
    assert.deepEqual([refused.log_id, refused.request], [failure.id, failure]);
    const history = await deeds({ person: ada.id, kind: "deactivated", source: "console" });
    assert.deepEqual(
      history.map(({ events }) => events[0].event.type),
      ["person.deactivated"],
    );
    const [{ events: joined }] = await deeds({ group, type: "membership.added", key: renewed.id, text: "ada@" });
    assert.deepEqual(await walk.call("readEvent", at({ event: joined[0].seq })), joined[0]);
    const { next: older } = await walk.call("listEvents", at(), { query: { count: 2 } });
    const [third] = await deeds({ before: older });
    assert.ok((await deeds({ after: older })).every((deed) => deed.at >= third.at));
    assert.deepEqual(await deeds({ to: second }), []);
    assert.equal((await deeds({ from: second })).at(-1).events[0].event.type, "organization.created");
    const then = await walk.call("readAccess", at({ member: ada.id }), { query: { at: joined[0].at } });
    assert.deepEqual(
      then.rights.map(({ on, role, since }) => [on, role, since.type]),
      [
        ["organization", "Member", "person.created"],
        ["team", "Member", "membership.added"],
      ],
    );
    const range = { from: joined[0].at, to: new Date().toISOString() };
    const compare = (query) => walk.call("listAccessChanges", at(), { query: { ...range, ...query } });
    const [difference] = (await compare({ person: ada.id, after: 1 })).people;
    assert.deepEqual([difference.user_name, difference.left.map(({ id }) => id)], ["ada@okta.local", [group]]);
    assert.ok((await compare({ group })).people.some(({ id }) => id === ada.id));
    const selection = { since: "2026-01-01", types: ["ownership.transferred"] };
    const preview = await walk.call("previewUndo", at(), { body: { selection } });
    assert.deepEqual([preview.people, preview.left.length, preview.next], [2, 2, null]);
    const undo = (await walk.call("startUndo", at(), { body: { selection } })).id;
    for (let status = "running"; status === "running"; )
      ({ status } = await walk.call("stepUndo", at({ undo }), { body: {} }));
    const result = await walk.call("readUndo", at({ undo }), { query: { count: 1 } });
    assert.equal((await walk.call("readUndo", at({ undo }), { query: { after: result.next } })).left.length, 1);
    assert.equal((await walk.call("stopUndo", at({ undo }))).status, "finished");
    assert.deepEqual((await walk.call("listUndo", at())).runs, [result.run]);

    await walk.call("removeMember", at({ member: eve.id }));
    const { people } = await walk.call("listDeletedPeople", at(), { query: { count: 1, after: "!" } });
    assert.deepEqual(
      people.map(({ id }) => id),
      [eve.id],
    );
    assert.equal((await walk.call("readFormerAccess", at({ member: eve.id }))).deleted, true);
    await walk.call("restoreDeletedPerson", at({ member: eve.id }), { body: {} });
    await walk.call("removeMember", at({ member: eve.id }));
    await walk.call("restorePerson", at({ member: eve.id }), { body: { without_role: true, without_groups: [] } });
    await walk.call("removeMember", at({ member: eve.id }));
    assert.deepEqual(await walk.call("eraseDeletedPerson", at({ member: eve.id }), { body: {} }), { id: eve.id });

    const { deactivated } = await walk.call("deactivateKeys", at());
    assert.deepEqual(
      deactivated.map(({ id }) => id),
      [renewed.id],
    );

    assert.ok((await walk.call("previewDeletion", at())).people > 0);
    const gone = await walk.call("deleteOrganization", at(), { query: { confirm_name: "Acme" } });
    assert.equal(gone.deletion.by, "admin token");
    assert.ok((await walk.call("listOrganizations")).deleted.some(({ id }) => id === made.id));
    assert.equal((await walk.call("restoreOrganization", at(), { body: {} })).deletion, null);

    assert.deepEqual(await walk.call("endSessions"), { ended: 0 });

    const everything = operations
      .filter(({ part }) => !BY_ACCESS.includes(part.value.operationId))
      .flatMap((each) => {
        const id = each.part.value.operationId;
        return [id, ...parametersOf(each, "query").map(({ value }) => `${id} ${value.name}`)];
      });
    assert.deepEqual([...walk.done].sort(), everything.sort());
  });

  /** Names for all parameters of paths. */
  async function world() {
    const { admin, id, key } = await createOrganization(worker);
    const project = await admin.create(`/organizations/${id}/projects`, { name: "Demo" });
    const team = await admin.create(`/organizations/${id}/projects/${project.id}/teams`, { name: "Night Shift" });
    const member = await admin.create(`/organizations/${id}/members`, { user_name: "ada@okta.local" });
    const group = project.roles[0].group.id;
    const undo = (await admin.create(`/organizations/${id}/undo`, { selection: { since: "2026-01-01" } })).id;
    const change = { action: "activate" };
    const bulk = (await admin.create(`/organizations/${id}/bulk`, { change, people: [member.id] })).id;
    const parts = { project: project.id, role: group, team: team.id, member: member.id, group, export: "people", bulk };
    const names = { org: id, key: key.id, event: 1, undo, ...parts };
    const pathOf = (template) => template.replace(/\{(\w+)\}/g, (_, name) => names[name]);
    return { admin, pathOf };
  }

  test("takes no other method, and says which it takes", async () => {
    const { admin, pathOf } = await world();
    for (const template of Object.keys(document.paths)) {
      const described = methodsOf(template);
      const known = described.includes("GET") ? [...described, "HEAD"] : described;
      for (const method of METHODS.filter((each) => !known.includes(each))) {
        const answer = await admin.send(method, pathOf(template));
        assert.equal(answer.status, 405, `${method} ${template}`);
        assert.deepEqual(answer.headers.allow.split(", ").sort(), [...known].sort(), `${method} ${template}`);
      }
    }
  });

  test("has nothing at addresses before and behind those described", async () => {
    const { admin, pathOf } = await world();
    const around = Object.keys(document.paths).flatMap((template) => [
      template.slice(0, template.lastIndexOf("/")),
      `${template}/more`,
    ]);
    const isDescribed = (path) => METHODS.some((method) => operationOf(method, `/console/api${path}`));
    for (const template of new Set(around.filter((each) => !isDescribed(each)))) {
      for (const method of METHODS) {
        const answer = await admin.send(method, pathOf(template) || "/");
        assert.equal(answer.status, 404, `${method} ${template}`);
      }
    }
  });

  test("refuses fields where none is described", async () => {
    const { admin, pathOf } = await world();
    const project = "/organizations/{org}/projects/{project}";
    for (const template of [`${project}/archive`, `${project}/restore`, "/organizations/{org}/keys/{key}/deactivate"]) {
      assertProblem(await admin.send("POST", pathOf(template), { force: true }), 400, /force/);
    }
  });

  test("takes a session in place of the token, and writes only from its own pages", async () => {
    const { origin } = new URL(worker.url);
    const form = `token=${worker.adminToken}`;
    const headers = { Origin: origin, "Content-Type": "application/x-www-form-urlencoded" };
    const signedIn = await send("POST", `${origin}/console/sign-in`, { headers, body: form });
    const [cookie] = signedIn.headers["set-cookie"][0].split(";");
    assert.ok(cookie.startsWith(`${document.components.securitySchemes.session.name}=`));
    const call = async (method, headers, requestBody) => {
      const url = `${origin}/console/api/organizations`;
      const answer = await send(method, url, { headers: { Cookie: cookie, ...headers }, body: requestBody });
      checkCall({ ...answer, requestBody, contentType: answer.headers["content-type"] });
      return answer;
    };
    assertStatus(await call("GET", {}), 200);
    const body = { name: "Acme", owner: { user_name: "owner@okta.local" } };
    assertStatus(await call("POST", { Origin: origin }, body), 201);
    for (const headers of [{}, { Origin: "https://elsewhere.example" }, { "Sec-Fetch-Site": "same-site" }]) {
      assertProblem(await call("POST", headers, body), 403);
    }
    assertProblem(await call("GET", { Cookie: `${cookie}x` }), 401);
  });
});
