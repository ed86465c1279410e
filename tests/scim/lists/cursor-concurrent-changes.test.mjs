// Pages by cursor while people come and go: users who are there all the time are listed exactly once, in order.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { byGet, idsOf, pageAt, walk } from "../../helpers/pages.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const TITLES = ["Countess", undefined, "Admiral", "Admiral", undefined];
const titleOf = (i) => (TITLES[i % TITLES.length] ? { title: TITLES[i % TITLES.length] } : {});

const ORDERS = [
  {},
  { sortBy: "userName" },
  { sortBy: "userName", sortOrder: "descending" },
  { sortBy: "title" },
  { sortBy: "title", sortOrder: "descending" },
  { sortBy: "emails.value", filter: "id pr" },
];

/** Twenty people, and how to have some leave and others come. */
async function furnished() {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  for (let i = 0; i < 20; i++) await organization.createUser(`p${i + 10}@okta.local`, titleOf(i));
  const owner = await organization.owner();
  const gone = new Set();
  let arrived = 0;
  return {
    okta: organization.okta,
    gone,
    async deleteUser(resource) {
      const { id, userName } = resource ?? {};
      if (!userName || id === owner.id || gone.has(id)) return;
      assertStatus(await organization.okta.delete(`/Users/${id}`), 204);
      gone.add(id);
    },
    /** At the front, in the middle and at the end of every order. */
    async newcomers() {
      for (const stem of ["a", "p15", "z"])
        await organization.createUser(`${stem}-${++arrived}@okta.local`, titleOf(arrived));
      assertStatus(await organization.okta.post("/Groups", oktaGroup(`Statsig-Demo-${arrived}-Member`)), 201);
    },
  };
}

describe("while people come and go", () => {
  for (const path of ["/Users", ""]) {
    for (const query of ORDERS) {
      for (const direction of ["nextCursor", "previousCursor"]) {
        test(`${direction} of ${path || "/"} ${JSON.stringify(query)} leads to all who stay, once`, async () => {
          const { okta, gone, deleteUser, newcomers } = await furnished();
          const ask = byGet(okta, path);
          const parameters = { ...query, count: 3 };
          const forwards = direction === "nextCursor";
          const before = await walk(ask, parameters);
          const awaited = (forwards ? before : before.slice(0, -1)).flatMap((page) => page.Resources);

          /** After each of the first pages, the one at whose place the next begins goes, and some on either side. */
          const between = async (pages) => {
            if (pages.length > 3) return;
            const listed = idsOf(pages.flatMap((page) => page.Resources));
            await deleteUser(pages.at(-1).Resources.at(forwards ? -1 : 0));
            await deleteUser(pages[0].Resources[1]);
            const unlisted = awaited.filter(({ id }) => !listed.includes(id) && !gone.has(id));
            for (const resource of [unlisted[0], unlisted[1], unlisted.at(-1)]) await deleteUser(resource);
            await newcomers();
          };
          const from = forwards ? "" : before.at(-1).previousCursor;
          const pages = await walk(ask, parameters, { direction, from, between });
          if (!forwards) pages.reverse();

          const listed = idsOf(pages.flatMap((page) => page.Resources));
          assert.equal(new Set(listed).size, listed.length, "a user is listed twice");
          assert.ok(gone.size > 5, `only ${gone.size} have gone`);
          const known = new Set(idsOf(awaited));
          assert.deepEqual(
            listed.filter((id) => known.has(id) && !gone.has(id)),
            idsOf(awaited).filter((id) => !gone.has(id)),
          );
        });
      }
    }
  }

  test("a page whose users were all deleted is empty, and the last; the page before it is still there", async () => {
    const { okta, deleteUser } = await furnished();
    const ask = byGet(okta, "/Users");
    const parameters = { sortBy: "userName", count: 5 };
    const first = await pageAt(ask, parameters);
    const rest = await walk(ask, parameters, { from: first.nextCursor });
    for (const user of rest.flatMap((page) => page.Resources)) await deleteUser(user);
    const empty = await pageAt(ask, parameters, first.nextCursor);
    assert.deepEqual([empty.Resources, empty.totalResults, "nextCursor" in empty], [[], 5, false]);
    assert.ok("previousCursor" in empty, "no way back");
    const back = await pageAt(ask, parameters, empty.previousCursor);
    assert.deepEqual(idsOf(back.Resources), idsOf(first.Resources));
  });
});
