// The pages of members where names are as long as they may be, and a person is in as many groups: what they weigh.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus, serverTiming } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const BYTES = 100_000;
const ELEMENTS = 2_000;
const GROUPS = 1_000; // the most of a person

test("long names and many groups leave the pages of members small", { timeout: 120_000 }, async () => {
  const organization = await createOrganization(worker, { settings: { plain_groups: true } });
  const { okta } = organization;
  const long = (number, length) => `${String(number).padStart(3, "0")}${"xé".repeat(length / 3)}`;
  const people = [];
  for (let number = 0; number < 100; number++) {
    const body = {
      userName: `${long(number, 900)}@okta.local`,
      name: { givenName: long(number, 6_000), familyName: long(number, 6_000) },
      displayName: long(number, 6_000),
      title: long(number, 12_000),
    };
    people.push(assertStatus(await okta.post("/Users", body), 201).id);
  }
  await worker.sql(
    `INSERT INTO groups (org_id, id, display_name, name_fold, created_at, last_modified)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST(?2 AS INTEGER))
     SELECT ?1, 'group-' || i, printf('%04d', i) || ?3, printf('%04d', i) || lower(?3), ?4, ?4 FROM n`,
    organization.id,
    GROUPS,
    "G".repeat(190),
    new Date().toISOString(),
  );
  const [crowded] = people;
  await worker.sql(
    `INSERT INTO memberships (group_seq, user_seq)
     SELECT g.seq, u.seq FROM users u CROSS JOIN groups g ON g.org_id = u.org_id WHERE u.org_id = ?1 AND u.id = ?2`,
    organization.id,
    crowded,
  );
  const pages = [
    "?count=100",
    "?count=200",
    "?search=okta&sort=changed&count=100",
    `/${crowded}`,
    `/${crowded}?remove=ask`,
  ];
  const faults = [];

  const look = async (page, most = 1) => {
    const answer = await send("GET", `${worker.url}/console/organizations/${organization.id}/members${page}`, {
      headers: { Authorization: `Bearer ${worker.adminToken}` },
    });
    assert.equal(answer.status, 200, answer.text.slice(0, 500));
    const [bytes, elements] = [Buffer.byteLength(answer.text), answer.text.match(/<[a-z]/g).length];
    const { round_trips } = serverTiming(answer);
    if (bytes > BYTES || elements > ELEMENTS) faults.push(`${page} has ${bytes} bytes, ${elements} elements`);
    if (round_trips > most) faults.push(`${page} takes ${round_trips} round trips`);
  };
  for (const page of pages) await look(page);
  assertStatus(await okta.patch(`/Users/${crowded}`, operation.active(false)), 200);
  await look(`/${crowded}`);
  // The event of the loss, what is planned of it, and the names of the groups.
  await look(`/${crowded}/restore`, 4);
  assert.deepEqual(faults, []);
});
