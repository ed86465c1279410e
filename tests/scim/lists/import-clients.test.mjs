// Lists as clients are known to read them, small enough to be counted by hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

/** An organization with so many groups, or people besides the Owner, and how to read and change them. */
async function furnished(path, count) {
  const organization = await createOrganization(worker, { settings: { plain_groups: true } });
  const { okta } = organization;
  let made = 0;
  const create = async () => {
    const name = `number${++made}`;
    if (path === "/Users") return (await organization.createUser(`${name}@okta.local`)).id;
    return assertStatus(await okta.post(path, oktaGroup(name)), 201).id;
  };
  const ids = path === "/Users" ? [(await organization.owner()).id] : [];
  while (ids.length < count) ids.push(await create());
  return {
    organization,
    okta,
    ids,
    create,
    remove: async (id) => assertStatus(await okta.delete(`${path}/${id}`), 204),
    /** The total, and the place in `ids` of each resource on the page. */
    async page(startIndex, size, client = okta) {
      const { totalResults, Resources } = assertStatus(await client.list(path, { startIndex, count: size }), 200);
      return [totalResults, ...Resources.map(({ id }) => ids.indexOf(id))];
    },
  };
}

for (const path of ["/Users", "/Groups"]) {
  test(`${path} that is emptied while it was read is begun with those who came`, async () => {
    const { ids, create, remove, page } = await furnished(path, 13);
    await page(1, 5);
    await page(6, 5);
    for (const id of ids.splice(1)) await remove(id);
    if (path === "/Groups") await remove(ids.pop());
    for (let i = 0; i < 3; i++) ids.push(await create());
    const all = ids.map((_, i) => i);
    assert.deepEqual(await page(1, 5), [ids.length, ...all]);
    assert.deepEqual(await page(1, 100), [ids.length, ...all]);
  });

  test(`${path} of six in pages of two, begun again after two have gone, has four`, async () => {
    const { ids, remove, page } = await furnished(path, 6);
    assert.deepEqual(await page(1, 2), [6, 0, 1]);
    assert.deepEqual(await page(3, 2), [6, 2, 3]);
    await remove(ids[1]);
    await remove(ids[2]);
    assert.deepEqual(await page(1, 2), [4, 0, 3]);
    assert.deepEqual(await page(3, 2), [4, 4, 5]);
  });

  for (const client of ["another key", "another client"]) {
    test(`${path} begun again with ${client} has its own total to the end`, async () => {
      const { organization, okta, ids, create, remove, page } = await furnished(path, 12);
      const other =
        client === "another key" ? okta.with({ key: (await organization.addKey()).key }) : organization.entra;
      await page(1, 4);
      await page(5, 4);
      await remove(ids[1]);
      await remove(ids[2]);
      assert.deepEqual(await page(1, 4, other), [10, 0, 3, 4, 5]);
      ids.push(await create());
      assert.deepEqual(await page(5, 4, other), [10, 6, 7, 8, 9]);
      assert.deepEqual(await page(9, 4), [12, 8, 9, 10, 11]);
      assert.deepEqual(await page(9, 4, other), [10, 10, 11]);
    });
  }

  test(`${path} of forty in pages of ten, read on by how many came while some go, misses none`, async () => {
    const { ids, remove, page } = await furnished(path, 40);
    const to = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => first + i - 1);
    assert.deepEqual(await page(1, 10), [40, ...to(1, 10)]);
    await remove(ids[14]);
    assert.deepEqual(await page(11, 10), [40, ...to(11, 14), ...to(16, 21)]);
    assert.deepEqual(await page(21, 10), [40, ...to(21, 30)]);
    await remove(ids[30]);
    assert.deepEqual(await page(31, 10), [40, ...to(32, 40), 0]);
  });

  test(`${path} of which a whole page ahead has gone has no empty page before its end`, async () => {
    const { ids, remove, page } = await furnished(path, 20);
    await page(1, 5);
    for (const id of ids.slice(5, 10)) await remove(id);
    assert.deepEqual(await page(6, 5), [20, 10, 11, 12, 13, 14]);
    assert.deepEqual(await page(11, 5), [20, 10, 11, 12, 13, 14]);
    assert.deepEqual(await page(16, 5), [20, 15, 16, 17, 18, 19]);
    assert.deepEqual(await page(21, 5), [20]);
  });

  test(`${path} read until the first total is counted ends, although a resource was deleted`, async () => {
    const { ids, remove, page } = await furnished(path, 21);
    await page(1, 10);
    await page(11, 10);
    await remove(ids[3]);
    const seen = [];
    let total;
    while (total === undefined || seen.length < total) {
      const [told, ...found] = await page(seen.length + 1, 10);
      assert.notEqual(found.length, 0);
      total ??= told;
      seen.push(...found);
    }
    assert.equal(total, 20);
    assert.deepEqual(
      [...new Set(seen)].sort((a, b) => a - b),
      ids.map((_, i) => i).filter((i) => i !== 3),
    );
  });
}
