/* Large directories, written into the database as the Worker writes them: ten thousand POSTs would take a minute. The
   triggers of schema.sql do here what they do there. tests/storage/seed.test.mjs compares the rows of both. */
import { randomUUID } from "node:crypto";
import { fold, foldDocument } from "./fold.mjs";
import { person } from "./people.mjs";

// One value may not exceed D1's 2 MB, and a person comes to about 1 KB.
const PEOPLE_AT_ONCE = 1_000;
const MEMBERS_AT_ONCE = 20_000;
const REPORTS = 8; // people to a manager

const INSERT_PEOPLE = `
  INSERT INTO users (org_id, id, user_name_fold, external_id, active, org_role, mail_domain, managed, doc, doc_fold,
    created_at, last_modified)
  SELECT ?1, p.value ->> 'id', p.value ->> 'user_name_fold', p.value ->> 'external_id', 1, 'Member',
    p.value ->> 'mail_domain', 1, p.value ->> 'doc', p.value ->> 'doc_fold', ?3, ?3
  FROM json_each(?2) p ORDER BY p.key`;
const INSERT_EMAILS = `
  INSERT INTO user_emails (org_id, value_fold, type_fold, user_seq)
  SELECT u.org_id, e.value ->> 0, e.value ->> 1, u.seq
  FROM json_each(?2) p CROSS JOIN users u ON u.org_id = ?1 AND u.id = p.value ->> 'id'
  CROSS JOIN json_each(p.value, '$.emails') e`;
// There are no events about them: they were there before events were kept. The newest event has the running total.
const COUNT_PEOPLE = `
  UPDATE events SET active = active + CAST(?2 AS INTEGER), active_total = active_total + CAST(?2 AS INTEGER)
  WHERE org_id = ?1 AND seq = (SELECT max(seq) FROM events WHERE org_id = ?1)`;
const INSERT_GROUP = `
  INSERT INTO groups (org_id, id, display_name, name_fold, pushed_at, created_at, last_modified)
  VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5)`;
const INSERT_MEMBERS = `
  INSERT INTO memberships (group_seq, user_seq)
  SELECT g.seq, u.seq FROM groups g CROSS JOIN json_each(?3) m
  CROSS JOIN users u ON u.org_id = g.org_id AND u.id = m.value
  WHERE g.org_id = ?1 AND g.id = ?2`;

/**
 * Adds people, and plain groups of `members` of them each, to an organization.
 * @param sql runs a statement: `(query, ...params) => rows`
 * @param progress gets the share that is done, from 0 to 1
 * @returns {Promise<{people: string[], groups: {id: string, members: string[]}[]}>} ids, in order
 */
export async function populate(sql, organization, { users = 0, groups = 0, members = 0 }, progress = () => {}) {
  if (members > users) throw new RangeError(`A group cannot have ${members} members of ${users} people.`);
  const total = users + groups * (members + 1);
  let done = 0;
  const add = (count) => {
    done += count;
    progress(done / total);
  };
  const made = { people: await addPeople(sql, organization, users, add), groups: [] };
  const first = await lastOf(sql, "groups");
  for (let i = 0; i < groups; i++) {
    // Each group begins where the last one ended, so that all people are in about as many groups.
    const chosen = Array.from({ length: members }, (_, j) => made.people[(i * members + j) % users]);
    const id = await addGroup(sql, organization, `Group ${first + i + 1}`, chosen);
    made.groups.push({ id, members: chosen });
    add(members + 1);
  }
  return made;
}

async function addPeople(sql, organization, count, add) {
  const domain = await domainOf(sql, organization);
  // Numbered after the people who were there before: a `seq` never comes back.
  const first = (await lastOf(sql, "users")) + 1;
  const ids = Array.from({ length: count }, () => randomUUID());
  for (let start = 0; start < count; start += PEOPLE_AT_ONCE) {
    const batch = ids.slice(start, start + PEOPLE_AT_ONCE).map((id, i) => {
      const manager = ids[Math.floor((start + i) / REPORTS)];
      return row(id, person(first + start + i, { domain, manager: manager === id ? undefined : manager }), domain);
    });
    await sql(INSERT_PEOPLE, organization, JSON.stringify(batch), new Date().toISOString());
    await sql(INSERT_EMAILS, organization, JSON.stringify(batch.map(({ id, emails }) => ({ id, emails }))));
    await sql(COUNT_PEOPLE, organization, batch.length);
    add(batch.length);
  }
  return ids;
}

/** The columns of a person: the document has the attributes in their order, the others are derived from them. */
export function row(id, attributes, mail_domain) {
  const doc = JSON.stringify(attributes);
  const folded = JSON.stringify(foldDocument(attributes));
  const ascii = doc.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return {
    id,
    user_name_fold: fold(attributes.userName),
    external_id: attributes.externalId?.normalize("NFC"),
    mail_domain,
    doc,
    doc_fold: folded === ascii ? null : folded,
    emails: attributes.emails.map(({ value, type }) => [fold(value), fold(type)]),
  };
}

async function addGroup(sql, organization, name, members) {
  const id = randomUUID();
  await sql(INSERT_GROUP, organization, id, name, fold(name), new Date().toISOString());
  for (let start = 0; start < members.length; start += MEMBERS_AT_ONCE) {
    await sql(INSERT_MEMBERS, organization, id, JSON.stringify(members.slice(start, start + MEMBERS_AT_ONCE)));
  }
  return id;
}

/** A domain that the organization admits. */
async function domainOf(sql, organization) {
  const [found] = await sql("SELECT mail_domains ->> 0 AS domain FROM organizations WHERE id = ?1", organization);
  if (!found) throw new RangeError(`There is no organization ${organization}.`);
  return found.domain ?? "example.com";
}

async function lastOf(sql, table) {
  const [last] = await sql("SELECT seq FROM sqlite_sequence WHERE name = ?1", table);
  return last?.seq ?? 0;
}
