// Values that are the same: of a multi-valued attribute each is kept once (RFC 7643 section 2.4), and adding what is
// there is no change (RFC 7644 section 3.5.2.1).

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertStatus } from "../../helpers/assert.mjs";
import { oktaUser, person } from "../../helpers/bodies.mjs";
import { bulk, patch, pathOf, postUser, put } from "../../helpers/bulk.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
let organization;
let okta;
let number = 0;

async function newUser(extra) {
  organization ??= await createOrganization(worker, { settings: { email_management: true } });
  okta = organization.okta;
  const user = await organization.createUser(`same${++number}@okta.local`, extra);
  return { user, path: `/Users/${user.id}` };
}

async function assertNoChange(path, operation) {
  const before = assertStatus(await okta.get(path), 200);
  assert.deepEqual(assertStatus(await okta.patch(path, operation), 200), before, JSON.stringify(operation));
}

/** What is sent for each multi-valued attribute, and what is kept of it. */
const DOUBLES = {
  phoneNumbers: [
    [
      { value: "1", type: "work" },
      { value: "1", type: "work" },
    ],
    [{ value: "1", type: "work" }],
  ],
  roles: [
    ["a", "a", { value: "a" }, { VALUE: "a" }, "b"],
    [{ value: "a" }, { value: "b" }],
  ],
  entitlements: [
    [{ value: "a", primary: "True" }, { primary: true, value: "a" }, { value: "a" }],
    [{ value: "a", primary: true }, { value: "a" }],
  ],
  ims: [
    [{ value: "a" }, { value: "a", primary: false }, { value: "A" }],
    [{ value: "a" }, { value: "A" }],
  ],
  photos: [["https://a.test/p", "https://a.test/p"], [{ value: "https://a.test/p" }]],
  x509Certificates: [
    ["AAAA", "AAAA", "aaaa"],
    [{ value: "AAAA" }, { value: "aaaa" }],
  ],
  addresses: [
    [
      { locality: "X", type: "work" },
      { type: "work", locality: "X" },
      { type: "home", locality: "X" },
    ],
    [
      { locality: "X", type: "work" },
      { locality: "X", type: "home" },
    ],
  ],
  emails: [
    [
      { value: "a@b.test", type: "work" },
      { value: "a@b.test", type: "work" },
      { value: "A@b.test", type: "work" },
      "a@b.test",
    ],
    [{ value: "a@b.test", type: "work" }, { value: "A@b.test", type: "work" }, { value: "a@b.test" }],
  ],
};

describe("a value that is given twice is kept once", () => {
  for (const [name, [sent, kept]] of Object.entries(DOUBLES)) {
    test(name, async () => {
      const { user, path } = await newUser({ [name]: sent });
      assert.deepEqual(user[name], kept, "POST");
      const bare = await newUser();
      for (const [verb, attempt] of Object.entries({
        PUT: () => okta.put(path, oktaUser(person(user.userName), { [name]: sent })),
        "replace with a path": () => okta.patch(path, { op: "replace", path: name, value: sent }),
        "replace without a path": () => okta.patch(path, { op: "replace", value: { [name]: sent } }),
        "replace by URN": () => okta.patch(path, { op: "replace", value: { [SCHEMA.user]: { [name]: sent } } }),
      })) {
        const answer = assertStatus(await attempt(), 200);
        assert.deepEqual(answer[name], kept, verb);
        assert.deepEqual((await organization.user(user.id))[name], kept, verb);
      }
      for (const add of [
        { op: "add", path: name, value: sent },
        { op: "add", value: { [name]: sent } },
      ]) {
        assertStatus(await okta.patch(path, { op: "remove", path: name }), 200);
        const added = assertStatus(await okta.patch(path, add), 200);
        assert.deepEqual(added[name], onceAdded(kept), JSON.stringify(add));
        await assertNoChange(path, add);
      }
      const stem = `bulk${number}`;
      const responses = await bulk(okta, [
        postUser(stem, stem, { [name]: sent }),
        put(bare.path, { ...bare.user, [name]: sent }),
        patch(path, [{ op: "replace", path: name, value: sent }]),
      ]);
      for (const response of responses) {
        assert.deepEqual(
          assertStatus(await okta.get(pathOf(okta, response)), 200)[name],
          kept,
          JSON.stringify(response),
        );
      }
    });
  }

  /** One that says less of a value than another one before it is not added. */
  const onceAdded = (kept) =>
    kept.filter(
      (one, index) =>
        one.value === undefined ||
        !kept.slice(0, index).some((other) => Object.entries(one).every(([part, said]) => other[part] === said)),
    );

  test("also where it becomes the same by a change of its parts", async () => {
    const phoneNumbers = [
      { value: "1", type: "work" },
      { value: "2", type: "work" },
    ];
    const { path } = await newUser({ phoneNumbers });
    const same = { op: "replace", path: 'phoneNumbers[type eq "work"].value', value: "3" };
    assert.deepEqual(assertStatus(await okta.patch(path, same), 200).phoneNumbers, [{ value: "3", type: "work" }]);
  });

  test("and counts once against the most that are kept", async () => {
    const roles = Array.from({ length: 1_500 }, (_, i) => `r${i % 700}`);
    const { user } = await newUser({ roles });
    assert.equal(user.roles.length, 700);
  });
});

describe("adding a value that is there", () => {
  const stored = [
    { value: "Admin", display: "Administrator", type: "WindowsAzureActiveDirectoryRole", primary: true },
    { value: "Ops" },
  ];

  test("changes nothing if its other parts are the same", async () => {
    for (const name of ["roles", "entitlements", "ims", "phoneNumbers", "emails", "photos"]) {
      const { path } = await newUser({ [name]: stored });
      for (const value of [
        [{ value: "Admin", displayName: "Admin" }],
        [{ value: "Admin", display: "Administrator" }],
        [{ type: "WindowsAzureActiveDirectoryRole", VALUE: "Admin", id: "7" }],
        { value: "Ops", primary: "False" },
        "Admin",
        stored,
      ]) {
        for (const operation of [
          { op: "Add", path: name, value },
          { op: "add", value: { [name]: value } },
        ]) {
          await assertNoChange(path, operation);
        }
      }
    }
  });

  test("adds another one if other parts differ", async () => {
    for (const other of [
      { value: "Admin", type: "other" },
      { value: "Admin", display: "admin" },
      { value: "admin" },
      { value: "Ops", display: "Operations" },
    ]) {
      const { path } = await newUser({ roles: stored });
      const { roles } = assertStatus(await okta.patch(path, { op: "add", path: "roles", value: [other] }), 200);
      assert.deepEqual(roles, [...stored, other]);
    }
  });
});

describe("a role that Entra ID packs as JSON into its value", () => {
  const packed = JSON.stringify({ id: "1", value: "Ops", displayName: "Operations" });
  const unpacked = { value: "Ops", display: "Operations" };

  test("is the role that it describes", async () => {
    for (const sent of [[{ value: packed }], [packed], { Value: packed }]) {
      const { user } = await newUser({ roles: sent });
      assert.deepEqual(user.roles, [unpacked]);
    }
    const { path } = await newUser();
    const add = { op: "Add", path: "roles", value: [{ value: packed }] };
    assert.deepEqual(assertStatus(await okta.patch(path, add), 200).roles, [unpacked]);
    await assertNoChange(path, add);
    const said = [{ value: packed, type: "T", display: "D", primary: "True" }];
    const replaced = assertStatus(await okta.patch(path, { op: "Replace", path: "roles", value: said }), 200);
    assert.deepEqual(replaced.roles, [{ value: "Ops", display: "D", type: "T", primary: true }]);
    const removed = assertStatus(
      await okta.patch(path, { op: "Remove", path: "roles", value: [{ value: packed }] }),
      200,
    );
    assert.equal(removed.roles, undefined);
  });

  test("is a text like any other where it describes none", async () => {
    for (const value of ["{", '{"id":"1"}', '{"value":""}', '{"value":7}', '["a"]', '"Ops"', "{} Ops"]) {
      const { user } = await newUser({ roles: [{ value }], entitlements: [{ value: packed }] });
      assert.deepEqual([user.roles, user.entitlements], [[{ value }], [{ value: packed }]]);
    }
  });
});
