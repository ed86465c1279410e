// The search for members against an oracle: a person is found exactly if one of their texts has the part, both folded.
// MEMBERS_SEED and MEMBERS_RUNS set the seed and the number of runs.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fold } from "../../scripts/lib/fold.mjs";
import { assertStatus } from "../helpers/assert.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const RUNS = Number(process.env.MEMBERS_RUNS ?? 150);
const SEED = Number(process.env.MEMBERS_SEED ?? 20_261_128);

// Few characters, so that parts are found: with case, marks, width, and those that JSON escapes.
const LETTERS = [
  "a",
  "B",
  "é",
  "E\u0301",
  "Σ",
  "ς",
  "ﬁ",
  "Ｗ",
  "İ",
  "ß",
  '"',
  "\\",
  "/",
  ",",
  "[",
  " ",
  "👩‍💻",
  "@",
  "1",
];
const letters = (most) => fc.array(fc.constantFrom(...LETTERS), { minLength: 1, maxLength: most });
const text = letters(6).map((all) => `x${all.join("")}x`);
const people = fc.array(
  fc.record(
    { givenName: text, familyName: text, displayName: text, externalId: text, home: letters(3).map(onlyPlain) },
    { requiredKeys: [] },
  ),
  { minLength: 12, maxLength: 12 },
);
const part = fc.oneof(
  letters(2).map((all) => all.join("")),
  fc.constantFrom("username", "value", "x", "okta", "null", "x\u001fx", "person1"),
);

/** A local part of an address. */
function onlyPlain(all) {
  return all.filter((letter) => /^[a-zB1]$/.test(letter)).join("") || "h";
}

function textsOf({ userName, name = {}, displayName, externalId, emails = [] }) {
  const all = [userName, name.givenName, name.familyName, displayName, externalId, ...emails.map(({ value }) => value)];
  return all.filter((each) => each !== undefined);
}

test("a part of a text finds exactly those who have it", { timeout: 300_000 }, async () => {
  const organization = await createOrganization(worker);
  const [sample] = fc.sample(people, { seed: SEED, numRuns: 1 });
  for (const [i, { givenName, familyName, displayName, externalId, home }] of sample.entries()) {
    const userName = `person${i}@okta.local`;
    const emails = [{ value: userName, type: "work", primary: true }];
    if (home) emails.push({ value: `${home}${i}@home.example`, type: "home" });
    const body = { userName, name: { givenName, familyName }, displayName, emails };
    if (externalId) body.externalId = `${externalId}${i}`;
    assertStatus(await organization.okta.post("/Users", body), 201);
  }
  const users = await organization.okta.importAll("/Users");
  let hits = 0;
  await fc.assert(
    fc.asyncProperty(part, async (search) => {
      const query = new URLSearchParams({ search });
      const { members, total } = await organization.admin.get(organization.path(`/members?${query}`));
      const wanted = fold(search.trim());
      const expected = users.filter((user) => textsOf(user).some((each) => fold(each).includes(wanted)));
      assert.deepEqual(
        members.map(({ id }) => id).toSorted(),
        expected.map(({ id }) => id).toSorted(),
        JSON.stringify(search),
      );
      assert.equal(total, expected.length);
      hits += expected.length > 0 && expected.length < users.length ? 1 : 0;
    }),
    { seed: SEED, numRuns: RUNS },
  );
  // The test would say nothing if each part found all or none.
  assert.ok(hits > RUNS / 4, `${hits} of ${RUNS} parts tell people apart`);
});
