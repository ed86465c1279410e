// Versions (RFC 7644 section 3.14): `ETag` and `meta.version`, what they are for, and how a request may name
// them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const ROLE = "Statsig-Demo-Member";
const TEAM = "Statsig-Demo-Night Shift-Member";
const ada = person("ada@okta.local", "Ada", "Lovelace");

/** An organization with Ada in three groups: a project's role, a team's, and a plain one. */
async function furnished() {
  const organization = await createOrganization(worker, { settings: { plain_groups: true }, projects: { Demo: [] } });
  const { okta } = organization;
  const user = await organization.createUser(ada.userName);
  const { id } = await organization.groupNamed(ROLE);
  const groups = [assertStatus(await okta.put(`/Groups/${id}`, oktaGroup(ROLE, [user.id])), 200)];
  for (const name of [TEAM, "Readers"]) {
    groups.push(assertStatus(await okta.post("/Groups", oktaGroup(name, [user.id])), 201));
  }
  const paths = { user: `/Users/${user.id}`, groups: groups.map((group) => `/Groups/${group.id}`) };
  const read = async (path) => assertStatus(await okta.get(path), 200);
  return { organization, okta, user, paths, read };
}

/** The two changes that resources of both types know. */
const externalId = (value) => ({ op: "replace", path: "externalId", value });
const patchBody = (...Operations) => ({ schemas: [SCHEMA.patch], Operations });

/** Spellings that all mean this tag: all tags here are weak, and compared weakly (RFC 9110 section 8.8.3.2). */
const spellings = (tag) => [tag, tag.slice(2), `"x", ${tag}`, `${tag.slice(2)} , W/"x"`, "*"];
const OTHERS = ['W/"999"', '"999"', 'W/"998", "999"', 'W/"x"', 'W/"*"'];

describe("the version of a resource", () => {
  test("is in the header and in meta.version, in every answer with one resource", async () => {
    const { okta, paths } = await furnished();
    const created = await okta.post("/Users", oktaUser(person("new@okta.local")));
    const answers = [
      created,
      await okta.post("/Groups", oktaGroup("Statsig-Demo-Day Shift-Member")),
      await okta.post("/Groups", oktaGroup("Writers")),
      await okta.put(paths.user, oktaUser(person(ada.userName, "Augusta", "King"))),
      await okta.patch(paths.user, externalId("another")),
      await okta.patch(paths.user, externalId("another")),
      await okta.put(paths.groups[0], oktaGroup(ROLE, [created.body.id])),
      await okta.patch(`${paths.groups[1]}?attributes=meta`, externalId("one")),
      await okta.get(paths.user),
      await okta.get(`${paths.user}?attributes=meta.version`),
      ...(await Promise.all(paths.groups.map((path) => okta.get(path)))),
      await okta.get(`${paths.groups[2]}?excludedAttributes=members`),
    ];
    for (const { method, path, status, headers, body } of answers) {
      assert.ok([200, 201].includes(status), `${method} ${path} ${status}`);
      assert.match(body.meta.version, /^W\/"\d+"$/, `${method} ${path}`);
      assert.equal(headers.etag, body.meta.version, `${method} ${path}`);
    }
    const quiet = await okta.patch(paths.groups[0], externalId("two"));
    assertStatus(quiet, 204);
    const after = await okta.get(`${paths.groups[0]}?attributes=displayName`);
    assert.equal(quiet.headers.etag, after.headers.etag, "a 204 tells the new version");
    assert.ok(after.headers.etag && !("meta" in after.body), "the header does not depend on what is shown");
    for (const path of ["/Users", "/Groups", ""]) {
      const list = await okta.get(path);
      assert.equal(list.headers.etag, undefined, "a list has no version");
      for (const { meta } of list.body.Resources) {
        const single = await okta.get(meta.location.slice(okta.base.length));
        assert.equal(meta.version, single.headers.etag, single.path);
      }
    }
    const refused = await okta.put(paths.groups[0], oktaGroup(ROLE, ["nobody"]));
    assertError(refused, 400);
    assert.equal(refused.headers.etag, undefined);
    const gone = await okta.delete(paths.groups[2]);
    assert.deepEqual([gone.status, gone.headers.etag], [204, undefined]);
  });

  test("does not change with a request that changes nothing, nor does lastModified", async () => {
    const { organization, okta, user, paths } = await furnished();
    const { id: outsider } = await organization.createUser("outsider@okta.local");
    await organization.unchangedBy(async () => {
      const kept = await okta.get(paths.user);
      for (const answer of [
        await okta.put(paths.user, oktaUser(person(ada.userName))),
        await okta.patch(paths.user, operation.active(true)),
        await okta.patch(paths.user, { op: "replace", value: { displayName: user.displayName } }),
        await okta.patch(paths.user, externalId(user.externalId)),
      ]) {
        assert.deepEqual([answer.status, answer.headers.etag], [200, kept.headers.etag]);
      }
      for (const path of paths.groups) {
        const before = await okta.get(path);
        const { id, displayName } = before.body;
        for (const answer of [
          await okta.put(path, oktaGroup(displayName, [user.id])),
          await okta.patch(path, operation.addMembers([user.id])),
          await okta.patch(path, operation.removeMember(outsider)),
          await okta.patch(path, operation.replaceMembers([user.id])),
          await okta.patch(path, operation.rename(id, displayName)),
        ]) {
          assert.ok([200, 204].includes(answer.status), answer.text);
          assert.equal(answer.headers.etag, before.headers.etag, `${answer.method} ${answer.path}`);
        }
      }
    });
  });
});

describe("If-None-Match", () => {
  test("is 304 without a body, with the ETag, where the client has the version", async () => {
    const { okta, paths } = await furnished();
    for (const path of [paths.user, ...paths.groups]) {
      const { etag } = (await okta.get(path)).headers;
      for (const query of ["", "?attributes=displayName", "?excludedAttributes=members,groups"]) {
        for (const known of spellings(etag)) {
          const answer = await okta.send("GET", path + query, undefined, { "If-None-Match": known });
          assert.deepEqual([known, answer.status, answer.text, answer.headers.etag], [known, 304, "", etag]);
        }
        for (const known of OTHERS) {
          const answer = await okta.send("GET", path + query, undefined, { "If-None-Match": known });
          assert.deepEqual([known, answer.status, answer.headers.etag], [known, 200, etag]);
        }
      }
      await okta.patch(path, externalId("changed"));
      const again = await okta.send("GET", path, undefined, { "If-None-Match": etag });
      assert.equal(assertStatus(again, 200).externalId, "changed");
    }
  });

  test("does not turn a 404 into a 304", async () => {
    const { okta } = await furnished();
    for (const path of ["/Users/nobody", "/Groups/nothing"]) {
      for (const known of ["*", 'W/"1"']) {
        assertError(await okta.send("GET", path, undefined, { "If-None-Match": known }), 404);
      }
    }
  });
});

describe("If-Match", () => {
  test("refuses another version with 412, and changes nothing", async () => {
    const { organization, okta, paths, read } = await furnished();
    const bodies = { [paths.user]: oktaUser(person(ada.userName, "Augusta")) };
    for (const path of paths.groups) bodies[path] = oktaGroup((await read(path)).displayName, []);
    await organization.unchangedBy(async () => {
      for (const [path, body] of Object.entries(bodies)) {
        for (const meant of OTHERS) {
          for (const [method, sent] of [
            ["PUT", body],
            ["PATCH", patchBody(externalId("changed"))],
            ["PATCH", patchBody({ op: "remove", path: path === paths.user ? "title" : "members" })],
            ["DELETE", undefined],
          ]) {
            const answer = await okta.send(method, path, sent, { "If-Match": meant });
            assertError(answer, 412, { scimType: undefined, detail: /version/ });
          }
        }
      }
    });
  });

  test("accepts this version, however it is spelled", async () => {
    const { okta, paths } = await furnished();
    for (const path of [paths.user, ...paths.groups]) {
      for (const method of ["PATCH", "PUT"]) {
        for (const [i] of spellings('W/"1"').entries()) {
          const { headers, body } = await okta.get(path);
          const value = `${method} ${i}`;
          const sent = method === "PATCH" ? patchBody(externalId(value)) : { ...body, externalId: value };
          const answer = await okta.send(method, path, sent, { "If-Match": spellings(headers.etag)[i] });
          assert.ok([200, 204].includes(answer.status), `${value}: ${answer.status} ${answer.text}`);
          const after = await okta.get(path);
          assert.equal(after.body.externalId, value);
          assert.notEqual(after.headers.etag, headers.etag);
          assert.equal(after.headers.etag, answer.headers.etag);
        }
      }
    }
    for (const path of [paths.user, ...paths.groups.slice(1)]) {
      const { etag } = (await okta.get(path)).headers;
      assertStatus(await okta.send("DELETE", path, undefined, { "If-Match": etag }), 204);
      assertError(await okta.get(path), 404);
    }
  });

  test("is checked after the resource is found: an unknown one is 404", async () => {
    const { organization, okta } = await furnished();
    await organization.unchangedBy(async () => {
      for (const [path, body] of [
        ["/Users/nobody", oktaUser(ada)],
        ["/Groups/nothing", oktaGroup("Nothing")],
      ]) {
        for (const meant of ["*", 'W/"1"']) {
          for (const [method, sent] of [
            ["PUT", body],
            ["PATCH", patchBody(externalId("x"))],
            ["DELETE", undefined],
          ]) {
            assertError(await okta.send(method, path, sent, { "If-Match": meant }), 404);
          }
        }
      }
    });
  });
});
