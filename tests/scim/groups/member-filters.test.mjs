// Which members a request may name: groups are none, and filters name members by any of their sub-attributes.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError, assertStatus, memberIds, serverTiming } from "../../helpers/assert.mjs";
import { oktaGroup, operation } from "../../helpers/bodies.mjs";
import { post } from "../../helpers/bulk.mjs";
import { crowd, join } from "../../helpers/crowd.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const bulk = (...Operations) => ({ schemas: [SCHEMA.bulk], Operations });

describe("a group as a member", () => {
  const IS_A_GROUP = {
    scimType: "invalidValue",
    detail: /is a group\. Groups in groups are not supported: push the people/,
  };
  let organization;
  let okta;
  let ada;
  let inner;
  let outer;

  before(async () => {
    organization = await createOrganization(worker, { settings: { plain_groups: true }, projects: { Demo: [] } });
    okta = organization.okta;
    ada = (await organization.createUser("ada@okta.local")).id;
    inner = await organization.groupNamed("Statsig-Demo-Member");
    outer = assertStatus(await okta.post("/Groups", oktaGroup("Outer", [ada])), 201);
  });

  test("is refused as a group, however it is named", async () => {
    const path = `/Groups/${outer.id}`;
    const other = "11111111-2222-4333-8444-555555555555";
    await organization.unchangedBy(async () => {
      for (const member of [
        { value: inner.id },
        { value: inner.id, type: "User" },
        { value: inner.id, type: "Group" },
        { value: other, type: "group" },
        { value: other, Type: "GROUP", display: "Somewhere else" },
        { value: other, $ref: `${okta.base}/Groups/${other}` },
        { value: other, $ref: `../Groups/${other}` },
        inner.id,
      ]) {
        const people = [{ value: ada }, member];
        const id = typeof member === "string" ? member : member.value;
        const created = { ...oktaGroup("Another"), members: people };
        for (const answer of [
          await okta.post("/Groups", created),
          await okta.post("/Groups", { ...oktaGroup("Statsig-Demo-Team-Member"), members: people }),
          await okta.put(path, { ...oktaGroup("Outer"), members: people }),
          await okta.patch(path, { op: "add", path: "members", value: people }),
          await okta.patch(path, { op: "replace", path: "members", value: people }),
          await okta.patch(path, { op: "add", value: { members: people } }),
          await okta.patch(path, { op: "replace", value: { members: people } }),
        ]) {
          assertError(answer, 400, IS_A_GROUP);
          assert.ok(answer.body.detail.includes(`"${id}"`), answer.text);
        }
        const [{ status, response }] = assertStatus(
          await okta.post("/Bulk", bulk(post("/Groups", "b", created))),
          200,
        ).Operations;
        assert.equal(status, "400");
        assert.match(response.detail, IS_A_GROUP.detail);
      }
    });
  });

  test("is refused also where the bulk request has made it", async () => {
    const second = { ...oktaGroup("Second"), members: [{ value: "bulkId:first" }] };
    const answer = await okta.post(
      "/Bulk",
      bulk(post("/Groups", "first", oktaGroup("First")), post("/Groups", "second", second)),
    );
    const answers = assertStatus(answer, 200).Operations;
    assert.deepEqual(
      answers.map(({ status }) => status),
      ["201", "400"],
    );
    assert.match(answers[1].response.detail, IS_A_GROUP.detail);
  });

  test("is not what an unknown id is refused as", async () => {
    const unknown = { value: "11111111-2222-4333-8444-555555555555", type: "User" };
    const answer = await okta.patch(`/Groups/${outer.id}`, { op: "add", path: "members", value: [unknown] });
    assertError(answer, 400, { detail: /No user has the id "11111111-2222-4333-8444-555555555555"/ });
    const stranger = await createOrganization(worker, { projects: { Demo: [] } });
    const theirs = await stranger.groupNamed("Statsig-Demo-Member");
    const value = [{ value: theirs.id }];
    assertError(await okta.patch(`/Groups/${outer.id}`, { op: "add", path: "members", value }), 400, {
      detail: /No user has the id/,
    });
  });

  test("is removed like an id that is no member: with success", async () => {
    const value = [{ value: inner.id, type: "Group" }, { value: ada, type: "Group" }, { value: inner.id }];
    const removal = () => okta.patch(`/Groups/${outer.id}`, { op: "remove", path: "members", value });
    assertStatus(await organization.unchangedBy(removal), 204);
  });
});

describe("a filter on members", () => {
  let organization;
  let okta;
  let people; // ids by name
  let path;

  before(async () => {
    organization = await createOrganization(worker, { settings: { plain_groups: true } });
    okta = organization.okta;
    const names = ["Ann", "Anna", "Bob", "Zoë"];
    const created = await Promise.all(
      names.map((displayName, i) => organization.createUser(`member${i}@okta.local`, { displayName })),
    );
    people = Object.fromEntries(created.map(({ id, displayName }) => [displayName, id]));
    path = `/Groups/${assertStatus(await okta.post("/Groups", oktaGroup("Filtered")), 201).id}`;
  });

  const filled = async (names = Object.keys(people)) =>
    assertStatus(
      await okta.put(
        path,
        oktaGroup(
          "Filtered",
          names.map((name) => people[name]),
        ),
      ),
      200,
    );
  const left = async () => {
    const { members } = assertStatus(await okta.get(path), 200);
    return members.map(({ display }) => display).sort();
  };
  const remove = (filter) => ({ op: "remove", path: `members[${filter}]` });

  test("selects by any sub-attribute, with and, or, not", async () => {
    const value = (name) => `value eq "${people[name]}"`;
    for (const [filter, leaving] of [
      [`${value("Ann")} and type eq "User"`, ["Ann"]],
      [`type eq "user" and ${value("Ann")}`, ["Ann"]],
      [`${value("Ann")} and type eq "Group"`, []],
      [`${value("Ann")} or ${value("Bob")}`, ["Ann", "Bob"]],
      [`${value("Ann")} and display eq "ann"`, ["Ann"]],
      [`${value("Ann")} and display eq "Bob"`, []],
      [`(${value("Ann")} or ${value("Bob")}) and not (display sw "B")`, ["Ann"]],
      [`not (${value("Ann")})`, ["Anna", "Bob", "Zoë"]],
      [`not (display sw "ann") and type eq "User"`, ["Bob", "Zoë"]],
      ['display eq "ANNA"', ["Anna"]],
      ['display co "NN"', ["Ann", "Anna"]],
      ['display ew "Ë"', ["Zoë"]],
      ['display ne "Bob"', ["Ann", "Anna", "Zoë"]],
      ['display gt "ann"', ["Anna", "Bob", "Zoë"]],
      [`$ref eq "OKTA/Users/ID"`, ["Zoë"]],
      [`$ref eq "https://elsewhere.example/scim/Users/ID"`, []],
      [`$ref ew "/ID"`, ["Zoë"]],
      ['type eq "User"', ["Ann", "Anna", "Bob", "Zoë"]],
      ["value pr", ["Ann", "Anna", "Bob", "Zoë"]],
      ["not (display pr)", []],
      ["display eq null", []],
      ['value eq "nobody"', []],
    ]) {
      await filled();
      const before = (await okta.get(path)).body.meta.version;
      const answer = await okta.patch(path, remove(filter.replace("OKTA", okta.base).replace("ID", people.Zoë)));
      assertStatus(answer, 204);
      assert.deepEqual(
        await left(),
        Object.keys(people).filter((name) => !leaving.includes(name)),
        filter,
      );
      assert.equal((await okta.get(path)).body.meta.version === before, leaving.length === 0, filter);
    }
  });

  test("selects among the members after the operations before it", async () => {
    const add = (name) => operation.addMembers([people[name]]);
    for (const [first, operations, expected] of [
      [["Ann"], [add("Anna"), remove('display sw "ann"')], []],
      [["Ann"], [remove('display sw "ann"'), add("Anna")], ["Anna"]],
      [
        ["Ann", "Bob"],
        [remove('display sw "ann"'), add("Ann")],
        ["Ann", "Bob"],
      ],
      [["Ann", "Bob"], [remove('display co "o"'), add("Bob"), remove('display sw "b"')], ["Ann"]],
      [["Ann"], [remove('display sw "a"'), remove('display sw "b"'), add("Zoë"), add("Bob")], ["Bob", "Zoë"]],
      [
        ["Bob"],
        [operation.replaceMembers([people.Ann, people.Anna, people.Zoë]), remove('display ew "a"'), add("Bob")],
        ["Ann", "Bob", "Zoë"],
      ],
      [["Bob"], [operation.replaceMembers([people.Ann]), remove('display eq "Ann"'), add("Ann")], ["Ann"]],
    ]) {
      await filled(first);
      assertStatus(await okta.patch(path, ...operations), 204);
      assert.deepEqual(await left(), expected);
    }
  });

  test("that makes too many comparisons is refused, unless ids are all that it asks for", async () => {
    const names = Array.from({ length: 11 }, (_, i) => `display eq "x${i}"`).join(" or ");
    assertError(await okta.patch(path, remove(names)), 400, { scimType: "tooMany", detail: /members/ });
    const two = [remove('display eq "x" or display eq "y"'), remove(names.split(" or ").slice(0, 9).join(" or "))];
    assertError(await okta.patch(path, ...two), 400, { scimType: "tooMany" });
    await filled();
    const ids = Object.values(people).concat(Array.from({ length: 100 }, (_, i) => `nobody-${i}`));
    assertStatus(await okta.patch(path, remove(ids.map((id) => `value eq "${id}"`).join(" or "))), 204);
    assert.deepEqual(await left(), []);
  });

  test("names of sub-attributes and parts of members are checked as before", async () => {
    for (const [operation, scimType] of [
      [remove('nickName eq "x"'), "invalidFilter"],
      [{ ...remove('display eq "x"'), op: "replace", value: { value: "x" } }, "mutability"],
      [{ op: "replace", path: 'members[value eq "x"].display', value: "x" }, "mutability"],
    ]) {
      assertError(await okta.patch(path, operation), 400, { scimType });
    }
  });

  test("that asks for ids alone does not look at the other members", async () => {
    const large = await createOrganization(worker, { projects: { Demo: [] } });
    const crowded = await crowd(worker, large, 5_000);
    const { id } = await large.groupNamed("Statsig-Demo-Member");
    await join(worker, large, id, crowded.length);
    const [first, second, third] = crowded;
    for (const filter of [
      `value eq "${first}" and type eq "User"`,
      `value eq "${second}" and display co "crowd"`,
      `$ref eq "${large.okta.base}/Users/${third}"`,
    ]) {
      const answer = await large.okta.patch(`/Groups/${id}`, remove(filter));
      assertStatus(answer, 204);
      const { round_trips, rows_read } = serverTiming(answer);
      // Rows of the change and of its event, none of the other members.
      assert.ok(round_trips === 2 && rows_read <= 41, `${filter}: ${round_trips} round trips, ${rows_read} rows read`);
    }
    assert.deepEqual(memberIds(await large.group(id)), crowded.slice(3));
  });
});
