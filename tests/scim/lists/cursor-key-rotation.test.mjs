// Cursors and the client's key: the key is replaced in the middle of a list, and a cursor reveals nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertError, assertStatus, serverTiming } from "../../helpers/assert.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { byGet, bySearch, idsOf, pageAt, walk } from "../../helpers/pages.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

for (const [name, query] of Object.entries({
  "in order": {},
  sorted: { sortBy: "userName", sortOrder: "descending" },
})) {
  test(`a list ${name} goes on with the new key, in both directions, while the old one is good and after`, async () => {
    const organization = await createOrganization(worker);
    await organization.createUsers(8);
    const { okta } = organization;
    const whole = idsOf((await walk(byGet(okta, "/Users"), { ...query, count: 9 }))[0].Resources);
    const parameters = { ...query, count: 3 };
    const first = await pageAt(byGet(okta, "/Users"), parameters);
    const { key } = await organization.addKey();
    const renewed = okta.with({ key });
    for (const ask of [byGet, bySearch]) {
      const second = await pageAt(ask(renewed, "/Users"), parameters, first.nextCursor);
      assert.deepEqual(idsOf(second.Resources), whole.slice(3, 6));
      const back = await pageAt(byGet(okta, "/Users"), parameters, second.previousCursor);
      assert.deepEqual(idsOf(back.Resources), whole.slice(0, 3));
    }
    await organization.deactivateKey(organization.key.id);
    const rest = await walk(byGet(renewed, "/Users"), parameters, { from: first.nextCursor });
    assert.deepEqual(idsOf(rest.flatMap((page) => page.Resources)), whole.slice(3));
    assertError(await okta.list("/Users", { ...parameters, cursor: first.nextCursor }), 401);
  });
}

test("a page with a cursor of the same key is one round trip, with one of another key two", async () => {
  const organization = await createOrganization(worker);
  await organization.createUsers(3);
  const { okta } = organization;
  const cursor = (await pageAt(byGet(okta, "/Users"), { count: 2 })).nextCursor;
  const renewed = okta.with({ key: (await organization.addKey()).key });
  for (const [client, trips] of [
    [okta, 1],
    [renewed, 2],
  ]) {
    const answer = await client.list("/Users", { count: 2, cursor });
    assertStatus(answer, 200);
    assert.equal(serverTiming(answer).round_trips, trips);
  }
});

test("a cursor shows neither the number of people in the database nor what the list is sorted by", async () => {
  const organization = await createOrganization(worker);
  await organization.createUsers(3);
  const rows = await worker.sql("SELECT seq FROM users WHERE org_id = ?1", organization.id);
  for (const query of [{}, { sortBy: "userName" }]) {
    const { nextCursor } = await pageAt(byGet(organization.okta, "/Users"), { ...query, count: 2 });
    const [id] = nextCursor.split("-");
    assert.equal(id, organization.key.id);
    const bytes = Buffer.from(nextCursor.slice(id.length + 1), "base64url").toString("latin1");
    for (const { seq } of rows) assert.ok(!bytes.includes(`,${seq}]`), bytes);
    assert.ok(!/okta\.local|null|true|false/.test(bytes), bytes);
  }
});
