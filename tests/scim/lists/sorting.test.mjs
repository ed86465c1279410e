// sortBy and sortOrder (RFC 7644 section 3.4.2.3): their forms, and what is refused.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError, assertListOf, assertStatus } from "../../helpers/assert.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { idsOf } from "../../helpers/pages.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

describe("sorting", () => {
  let organization;
  let okta;
  let [owner, cleo, abe, bob] = [];
  before(async () => {
    organization = await createOrganization(worker, { projects: { Demo: [] } });
    okta = organization.okta;
    owner = await organization.owner();
    const create = (stem, familyName, department) =>
      organization.createUser(`${stem}@okta.local`, {
        name: { givenName: stem, familyName },
        [SCHEMA.enterprise]: { department, costCenter: stem.toUpperCase() },
      });
    cleo = await create("cleo", "Smith", "b");
    abe = await create("Abe", "smith", "A");
    bob = await create("bob", "Adams", "c");
  });
  const ordered = async (parameters, ...people) => assertListOf(await okta.list("/Users", parameters), idsOf(people));

  test("is by an attribute of any spelling that a filter takes", async () => {
    for (const sortBy of ["userName", "USERNAME", " userName ", `${SCHEMA.user}:userName`, `${SCHEMA.user}:USERNAME`]) {
      await ordered({ sortBy }, abe, bob, cleo, owner);
      await ordered({ sortBy, sortOrder: "descending" }, owner, cleo, bob, abe);
    }
    for (const sortBy of ["department", `${SCHEMA.enterprise}:department`, `${SCHEMA.enterprise}:DEPARTMENT`]) {
      await ordered({ sortBy }, abe, cleo, bob, owner);
    }
  });

  test("by a complex attribute is by its value", async () => {
    for (const [complex, simple] of [
      ["emails", "emails.value"],
      ["manager", `${SCHEMA.enterprise}:manager.value`],
      ["groups", "groups.value"],
    ]) {
      const expected = assertStatus(await okta.list("/Users", { sortBy: simple }), 200);
      assert.deepEqual(assertStatus(await okta.list("/Users", { sortBy: complex }), 200), expected);
    }
    await ordered({ sortBy: "emails" }, abe, bob, cleo, owner);
  });

  test("is ascending unless it is said to be descending, in any case", async () => {
    const ascending = [abe, bob, cleo, owner];
    for (const sortOrder of ["ascending", "Ascending", "", " ascending"]) {
      await ordered({ sortBy: "userName", sortOrder }, ...ascending);
    }
    for (const sortOrder of ["descending", "DESCENDING"]) {
      await ordered({ sortBy: "userName", sortOrder }, ...ascending.toReversed());
    }
  });

  test("leaves ties in order of insertion, either way", async () => {
    await ordered({ sortBy: "name.familyName", filter: 'userName ne "owner@okta.local"' }, bob, cleo, abe);
    const descending = { sortBy: "name.familyName", sortOrder: "descending" };
    await ordered({ ...descending, filter: 'userName ne "owner@okta.local"' }, cleo, abe, bob);
    await ordered({ sortBy: "active", sortOrder: "descending" }, owner, cleo, abe, bob);
  });

  test("does without a sortBy: the order of insertion, whatever sortOrder says", async () => {
    for (const sortOrder of ["descending", "ascending", "upwards"]) {
      for (const sortBy of [undefined, "", " "]) {
        const parameters = sortBy === undefined ? { sortOrder } : { sortBy, sortOrder };
        await ordered(parameters, owner, cleo, abe, bob);
      }
    }
  });

  test("goes with pages by index", async () => {
    for (const [sortOrder, people] of [
      ["ascending", [abe, bob, cleo, owner]],
      ["descending", [owner, cleo, bob, abe]],
    ]) {
      for (const count of [1, 2, 3, 4, 9]) {
        for (let startIndex = 1; startIndex <= 5; startIndex++) {
          const page = assertStatus(
            await okta.list("/Users", { sortBy: "userName", sortOrder, startIndex, count }),
            200,
          );
          assert.deepEqual(idsOf(page.Resources), idsOf(people.slice(startIndex - 1, startIndex - 1 + count)));
          assert.deepEqual([page.totalResults, page.startIndex], [4, startIndex]);
        }
      }
    }
  });

  test("by an unknown attribute, or one without a single value, is 400 invalidValue, naming it", async () => {
    const refused = {
      "/Users": [
        ["favouriteColour", /favouriteColour/],
        ["name.favourite", /name\.favourite/],
        ["userName.value", /userName\.value/],
        ["members", /members/],
        ["name", /name/],
        ["meta", /meta/],
        [SCHEMA.enterprise, /enterprise/],
        [`${SCHEMA.enterprise}:colour`, /colour/],
        [`${SCHEMA.group}:displayName`, /displayName/],
        ['emails[type eq "work"].value', /emails/],
        ["userName,id", /userName/],
        ["userName descending", /userName/],
        ["'", /'/],
        ["x".repeat(10_000), /xxx/],
      ],
      "/Groups": [
        ["userName", /userName/],
        ["meta", /meta/],
        ["members.colour", /colour/],
        [`${SCHEMA.user}:displayName`, /displayName/],
      ],
      "": [
        ["favouriteColour", /favouriteColour/],
        ["name", /name/],
      ],
    };
    for (const [path, cases] of Object.entries(refused)) {
      for (const [sortBy, detail] of cases) {
        for (const sortOrder of ["ascending", "descending"]) {
          const answer = await okta.list(path, { sortBy, sortOrder });
          assertError(answer, 400, { scimType: "invalidValue", detail });
          assert.ok(answer.text.length < 1_000, "the refusal is longer than the request needs");
        }
      }
    }
  });

  test("in an order that is neither ascending nor descending is 400 invalidValue", async () => {
    for (const path of ["/Users", "/Groups", ""]) {
      for (const sortOrder of ["upwards", "asc", "desc", "-1", "descending,ascending", "ascendingx"]) {
        const answer = await okta.list(path, { sortBy: "displayName", sortOrder });
        assertError(answer, 400, { scimType: "invalidValue", detail: /sortOrder/ });
      }
    }
  });

  test("is possible by everything that a schema declares simple", async () => {
    const { Resources: schemas } = assertStatus(await okta.get("/Schemas"), 200);
    const common = [
      "id",
      "externalId",
      "schemas",
      "meta.created",
      "meta.lastModified",
      "meta.version",
      "meta.location",
    ];
    const isReturned = ({ returned }) => returned !== "never";
    for (const [path, urns] of [
      ["/Users", [SCHEMA.user, SCHEMA.enterprise]],
      ["/Groups", [SCHEMA.group]],
      ["", [SCHEMA.user, SCHEMA.enterprise, SCHEMA.group]],
    ]) {
      const whole = idsOf(assertStatus(await okta.get(path), 200).Resources).sort();
      const declared = schemas
        .filter(({ id }) => urns.includes(id))
        .flatMap(({ id, attributes }) =>
          attributes
            .filter(isReturned)
            .flatMap(({ name, subAttributes }) =>
              (subAttributes ?? [undefined]).map((sub) => `${id}:${name}${sub ? `.${sub.name}` : ""}`),
            ),
        );
      assert.ok(declared.length > 4);
      for (const sortBy of [...common, ...declared]) {
        for (const sortOrder of ["ascending", "descending"]) {
          const answer = await okta.list(path, { sortBy, sortOrder });
          assert.equal(answer.status, 200, `${path} by ${sortBy}: ${answer.text}`);
          assert.deepEqual(idsOf(answer.body.Resources).sort(), whole);
        }
      }
    }
  });
});
