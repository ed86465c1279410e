// Requests that are refused: each answer is a SCIM error that says what to do, and nothing changes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const MIB = 1024 * 1024;
const ada = person("ada@okta.local", "Ada", "Lovelace");

async function furnished(settings) {
  const organization = await createOrganization(worker, { settings, projects: { Demo: [] } });
  const user = await organization.createUser(ada.userName);
  const group = await organization.groupNamed("Statsig-Demo-Member");
  const { okta } = organization;
  assertStatus(await okta.put(`/Groups/${group.id}`, oktaGroup(group.displayName, [user.id])), 200);
  return { organization, okta, user: `/Users/${user.id}`, group: `/Groups/${group.id}`, userId: user.id };
}

describe("a body", () => {
  test("that is no JSON object is 400 invalidSyntax, whatever the route", async () => {
    const { organization, okta, user, group } = await furnished();
    const bodies = [
      "",
      "{",
      '{"userName":',
      "nonsense",
      "[]",
      '"text"',
      "null",
      "7",
      "\u0000",
      '{"userName":"a"} trailing',
    ];
    await organization.unchangedBy(async () => {
      for (const [method, path] of [
        ["POST", "/Users"],
        ["PUT", user],
        ["PATCH", user],
        ["POST", "/Groups"],
        ["PUT", group],
        ["PATCH", group],
      ]) {
        for (const body of bodies) assertError(await okta.send(method, path, body), 400, { scimType: "invalidSyntax" });
        // Half of a surrogate pair is no character, RFC 8259 section 8.2.
        const half = '{"userName":"\\ud800@okta.local","displayName":"\\ud800"}';
        assertError(await okta.send(method, path, half), 400, { scimType: "invalidSyntax" });
        const latin1 = Buffer.from('{"userName":"j\u00fcrgen@okta.local"}', "latin1");
        assertError(await okta.send(method, path, latin1), 400, { scimType: "invalidSyntax" });
      }
    });
  });

  test("of the wrong types is 400 invalidValue, naming the attribute", async () => {
    // With mail managed by SCIM, so that a wrong userName is not refused for being another one.
    const { organization, okta, user, group } = await furnished({ email_management: true });
    const users = [
      [{ userName: 7 }, /userName/],
      [{ userName: null }, /userName/],
      [{ userName: "" }, /userName/],
      [{ userName: "   " }, /userName/],
      [{ userName: ["x@okta.local", "y@okta.local"] }, /userName/],
      [{ userName: `${"x".repeat(2_000)}@okta.local` }, /userName/],
      [{ name: "Ada Lovelace" }, /name/],
      [{ name: 7 }, /name/],
      [{ name: { givenName: 7 } }, /givenName/],
      [{ emails: true }, /emails/],
      [{ emails: [7] }, /emails/],
      [{ emails: [{ value: 7 }] }, /value/],
      [{ active: "perhaps" }, /active/],
      [{ active: 1 }, /active/],
      [{ displayName: { en: "Ada" } }, /displayName/],
      [{ externalId: 7 }, /externalId/],
      [{ statsigOrgRole: 7 }, /statsigOrgRole/],
      [{ statsigOrgRole: ["Admin", "Member"] }, /statsigOrgRole/],
      [{ title: "x".repeat(70_000) }, /bytes/],
      [{ [SCHEMA.enterprise]: "Engines" }, /enterprise/],
      [{ [SCHEMA.enterprise]: { department: 7 } }, /department/],
    ];
    const groups = [
      [{ displayName: 7 }, /displayName/],
      [{ displayName: "" }, /displayName/],
      [{ members: {} }, /members/],
      [{ members: "nobody" }, /nobody/],
      [{ members: [7] }, /members/],
      [{ members: [{}] }, /member/],
      [{ members: [{ display: "Ada" }] }, /member/],
      [{ members: [{ value: 7 }] }, /value/],
    ];
    await organization.unchangedBy(async () => {
      for (const [wrong, detail] of users) {
        const expected = { scimType: "invalidValue", detail };
        assertError(await okta.post("/Users", oktaUser(person("new@okta.local"), wrong)), 400, expected);
        assertError(await okta.put(user, oktaUser(ada, wrong)), 400, expected);
      }
      for (const [wrong, detail] of groups) {
        const expected = { scimType: "invalidValue", detail };
        assertError(await okta.post("/Groups", { ...oktaGroup("Statsig-Demo-New-Member"), ...wrong }), 400, expected);
        assertError(await okta.put(group, { ...oktaGroup("Statsig-Demo-Member"), ...wrong }), 400, expected);
      }
      const { userName, ...nameless } = oktaUser(ada);
      assertError(await okta.post("/Users", nameless), 400, { scimType: "invalidValue", detail: /userName/ });
      const { displayName, ...untitled } = oktaGroup("");
      assertError(await okta.post("/Groups", untitled), 400, { scimType: "invalidValue", detail: /displayName/ });
    });
  });

  test("over the limit is 413: 1 MiB, 10 MiB for groups; up to it, it is read", async () => {
    const { organization, okta, user, group } = await furnished();
    const padded = (body, size) => {
      const bare = JSON.stringify({ ...body, unknown: "" });
      return bare.replace('"unknown":""', `"unknown":"${"x".repeat(size - Buffer.byteLength(bare))}"`);
    };
    const newcomer = oktaUser(person("large@okta.local"));
    const members = { ...oktaGroup("Statsig-Demo-Member", []) };
    const chunked = { "Transfer-Encoding": "chunked" };
    await organization.unchangedBy(async () => {
      for (const headers of [{}, chunked]) {
        assertError(await okta.send("POST", "/Users", padded(newcomer, MIB + 1), headers), 413);
        assertError(await okta.send("PUT", user, padded(oktaUser(ada), MIB + 1), headers), 413);
        assertError(await okta.send("PATCH", user, padded({}, MIB + 1), headers), 413);
        assertError(await okta.send("PUT", group, padded(members, 10 * MIB + 1), headers), 413);
        assertError(await okta.send("PATCH", group, padded({}, 10 * MIB + 1), headers), 413);
      }
    });
    assertStatus(await okta.send("POST", "/Users", padded(newcomer, MIB)), 201);
    assertStatus(await okta.send("PUT", group, padded(members, 10 * MIB), chunked), 200);
  });

  test("nested beyond reason is refused, and the Worker lives on", async () => {
    const { organization, okta, user, group } = await furnished();
    const depth = 10_000;
    const arrays = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const objects = `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
    await organization.unchangedBy(async () => {
      for (const nested of [arrays, objects, "[".repeat(depth)]) {
        for (const [method, path] of [
          ["POST", "/Users"],
          ["PUT", user],
          ["PATCH", group],
        ]) {
          assertError(await okta.send(method, path, nested), 400, { scimType: "invalidSyntax" });
          assertError(await okta.send(method, path, `{"unknown":${nested}}`), 400, { scimType: "invalidSyntax" });
        }
      }
    });
  });
});

describe("a body of very many values", () => {
  // Short values take far more memory than text: 1 MiB of them would fill an isolate.
  test("is 400 tooMany, and read no further", async () => {
    const { organization, okta, user, group } = await furnished();
    const many = (count) => `{"displayName":"x","unknown":[${"0,".repeat(count)}0]}`;
    await organization.unchangedBy(async () => {
      assertError(await okta.send("PUT", user, many(20_000)), 400, { scimType: "tooMany" });
      assertError(await okta.send("PUT", group, many(100_000)), 400, { scimType: "tooMany" });
      assertError(await okta.send("PUT", group, many(1_200_000)), 400, { scimType: "tooMany" });
    });
  });

  test("may not give one attribute more than 1,000 values", async () => {
    const { organization, okta, user } = await furnished();
    const roles = Array.from({ length: 3_000 }, (_, i) => ({ value: `role ${i}` }));
    await organization.unchangedBy(async () => {
      for (const op of ["replace", "add"]) {
        const answer = await okta.patch(user, { op, path: "roles", value: roles });
        assertError(answer, 400, { scimType: "invalidValue", detail: /1000/ });
      }
    });
  });
});

describe("a PATCH", () => {
  const patch = (Operations) => ({ schemas: [SCHEMA.patch], Operations });

  test("without operations, or with ones that are none, is 400 invalidSyntax", async () => {
    const { organization, okta, user, group } = await furnished();
    await organization.unchangedBy(async () => {
      for (const path of [user, group]) {
        for (const body of [
          {},
          patch(undefined),
          patch(null),
          patch("replace"),
          patch({ op: "replace", path: "displayName", value: "x" }),
          patch([7]),
          patch([{}]),
          patch([{ path: "displayName", value: "x" }]),
          patch([{ op: 7, path: "displayName", value: "x" }]),
          patch([{ op: "explode", path: "displayName", value: "x" }]),
        ]) {
          assertError(await okta.send("PATCH", path, body), 400, { scimType: "invalidSyntax" });
        }
      }
    });
  });

  test("with a path that leads nowhere is 400 with the scimType of the RFC", async () => {
    const { organization, okta, user, group } = await furnished();
    await organization.unchangedBy(async () => {
      for (const [path, refused, scimType] of [
        [user, { op: "remove" }, "noTarget"],
        [user, { op: "replace", path: "emails[type eq", value: "x" }, "invalidPath"],
        [user, { op: "replace", path: "name..givenName", value: "x" }, "invalidPath"],
        [user, { op: "replace", path: 'emails[type eq "work"]value', value: "x" }, "invalidPath"],
        [user, { op: "replace", path: 7, value: "x" }, "invalidPath"],
        [user, { op: "replace", path: "favouriteColour", value: "green" }, "invalidPath"],
        [user, { op: "replace", path: 'emails[colour eq "green"].value', value: "x" }, "invalidFilter"],
        [user, { op: "replace", path: "id", value: "x" }, "mutability"],
        [user, { op: "replace", path: "meta.created", value: "2026-01-01T00:00:00Z" }, "mutability"],
        [user, { op: "add", path: "groups", value: [{ value: "x" }] }, "mutability"],
        [user, { op: "replace", path: "active", value: "perhaps" }, "invalidValue"],
        [user, { op: "replace", path: "name", value: "Ada Lovelace" }, "invalidValue"],
        [user, { op: "replace", path: "name.givenName", value: 7 }, "invalidValue"],
        [user, { op: "replace", path: "displayName", value: ["Ada", "Lovelace"] }, "invalidValue"],
        [user, { op: "replace", value: "Ada" }, "invalidValue"],
        [user, { op: "replace", path: "displayName" }, "invalidValue"],
        [user, { op: "remove", path: "userName" }, "mutability"],
        [group, { op: "remove" }, "noTarget"],
        [group, { op: "add", path: "members[value eq", value: [] }, "invalidPath"],
        [group, { op: "add", path: "members", value: [{ display: "nobody" }] }, "invalidValue"],
        [group, { op: "add", path: "members", value: 7 }, "invalidValue"],
        [group, { op: "remove", path: 'members[nickName eq "Ada"]' }, "invalidFilter"],
        [group, { op: "remove", path: "displayName" }, "mutability"],
      ]) {
        assertError(await okta.patch(path, refused), 400, { scimType });
      }
    });
  });

  test("with very many operations is done or refused, and never half done", async () => {
    const { organization, okta, group, userId } = await furnished();
    const removals = Array.from({ length: 20_000 }, (_, i) => operation.removeMember(`nobody-${i}`));
    const answer = await organization.unchangedBy(() => okta.patch(group, ...removals));
    assert.ok([204, 400, 413].includes(answer.status), `${answer.status} ${answer.text}`);
    const before = (await organization.group(group.split("/").at(-1))).members;
    assert.deepEqual(
      before.map(({ value }) => value),
      [userId],
    );
  });
});

describe("a filter", () => {
  test("that cannot be parsed, or names an unknown attribute, is 400 invalidFilter", async () => {
    const { okta } = await furnished();
    const filters = [
      "userName",
      "userName eq",
      'userName eq "x',
      'eq "x"',
      '"x" eq userName',
      'userName equals "x"',
      'userName eq "x" and',
      'userName eq "x" userName eq "y"',
      '(userName eq "x"',
      'userName eq "x")',
      'emails[type eq "work"',
      'emails[].value eq "x"',
      'favouriteColour eq "green"',
      'name.favourite eq "x"',
      "active eq perhaps",
      'userName eq "\\x"',
    ];
    for (const filter of filters) {
      for (const path of ["/Users", "/Groups"]) {
        assertError(await okta.find(path, filter), 400, { scimType: "invalidFilter" });
      }
    }
    assertError(await okta.find("/Users", 'favouriteColour eq "green"'), 400, { detail: /favouriteColour/ });
  });

  test("that compares attributes without an order is refused with their names", async () => {
    const { okta } = await furnished();
    for (const [filter, named] of [
      ["active gt true", /active/],
      ['active co "t"', /active/],
      ['userName eq "a" or x509Certificates.value lt "a"', /binary/],
      ['not (meta.created gt "yesterday")', /created/],
    ]) {
      assertError(await okta.find("/Users", filter), 400, { scimType: "invalidFilter", detail: named });
    }
  });

  test("too deep, too long or too wide is 400, never an error of the database", async () => {
    const { okta } = await furnished();
    const nested = (depth) => `${"(".repeat(depth)}userName eq "x"${")".repeat(depth)}`;
    const wide = (terms) => Array.from({ length: terms }, (_, i) => `userName eq "x${i}"`).join(" and ");
    for (const filter of [
      nested(3_000),
      `${"not (".repeat(1_000)}active eq true${")".repeat(1_000)}`,
      wide(150),
      wide(400),
    ]) {
      const answer = await okta.find("/Users", filter);
      assertError(answer, 400);
      assert.ok(["invalidFilter", "tooMany"].includes(answer.body.scimType), answer.text);
    }
    const long = await okta.find("/Users", `userName eq "${"x".repeat(10_000)}"`);
    assert.ok([200, 400].includes(long.status), long.text);
  });
});

describe("a request", () => {
  test("with a method the path does not know is 405, with Allow", async () => {
    const { organization, okta, user, group } = await furnished();
    const allowed = {
      "/Users": ["GET", "POST"],
      [user]: ["GET", "PUT", "PATCH", "DELETE"],
      "/Groups": ["GET", "POST"],
      [group]: ["GET", "PUT", "PATCH", "DELETE"],
    };
    await organization.unchangedBy(async () => {
      for (const [path, methods] of Object.entries(allowed)) {
        for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"]) {
          if (methods.includes(method)) continue;
          const body = method === "GET" || method === "PROPFIND" ? undefined : {};
          const answer = await okta.send(method, path, body);
          assertError(answer, 405, { scimType: undefined });
          const offered = (answer.headers.allow ?? "").split(/,\s*/);
          for (const each of methods) assert.ok(offered.includes(each), `Allow of ${path}: ${answer.headers.allow}`);
        }
      }
    });
  });

  test("for a path that is not there is 404", async () => {
    const { okta, user } = await furnished();
    for (const path of [
      "/People",
      "/users",
      `${user}/groups`,
      "/Users/%00",
      "/Users/%ff",
      "/Users/a/b/c",
      "/v3/Users",
    ]) {
      assertError(await okta.get(path), 404, { scimType: undefined });
    }
    const outside = okta.with({ base: new URL(worker.url).origin });
    assertError(await outside.get("/elsewhere"), 404);
    assertError(await outside.get("/scimitar/Users"), 404);
  });

  test("for an id of any shape is 404, and for the right id in the wrong collection too", async () => {
    const { okta, userId, group } = await furnished();
    for (const id of ["0", "nobody", "%27%20OR%201%3D1", "x".repeat(5_000), "00000000-0000-4000-8000-000000000000"]) {
      for (const collection of ["/Users", "/Groups"]) assertError(await okta.get(`${collection}/${id}`), 404);
    }
    assertError(await okta.get(`/Groups/${userId}`), 404);
    assertError(await okta.get(`/Users/${group.split("/").at(-1)}`), 404);
  });
});
