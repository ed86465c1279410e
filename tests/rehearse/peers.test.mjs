// npm run rehearse against other servers of SCIM, and exactly what it finds about them. A new version of theirs, or a
// new step, may change the lists here: first see whether the verdict is right.

import assert from "node:assert/strict";
import { test } from "node:test";
import { complaints, rehearsalOf, stepsThat } from "../helpers/rehearse.mjs";
import { startScim2Server } from "./peers/scim2-server.mjs";
import { startScimmy } from "./peers/scimmy.mjs";

const TEAMS = ["teams.life", "teams.project"];

/** @param expected the steps that fail, warn and are skipped */
async function assertVerdicts(start, expected) {
  const server = await start();
  try {
    const report = await rehearsalOf({ base: server.base, key: server.key });
    const found = Object.keys(expected).map((verdict) => [verdict, stepsThat(verdict, report)]);
    assert.deepEqual(Object.fromEntries(found), expected, complaints(report));
    assert.deepEqual(report.left, []);
  } finally {
    await server.close();
  }
}

test("SCIMMY of npm", () =>
  assertVerdicts(startScimmy, {
    failed: [
      "connection.test", // itemsPerPage is the count asked for
      "okta-spec.lookup-case", // eq compares letter by letter
      "okta-put.duplicate-case",
      "entra.create", // null for a multi-valued attribute
      "entra.new-element", // noTarget
      "entra.disable", // the text "False"
      "entra.restore",
      "filters.logic", // not (…) behind and
      "filters.invalid", // lists no person for half a filter
      "paging.import",
      "paging.out-of-range", // begins anew behind the end
      "paging.groups",
    ],
    warned: [
      "connection.no-key",
      "entra.manager",
      "groups.user-groups",
      "groups.deleted-member",
      "groups-oin.add", // a member twice
      "groups-entra.probe",
      "paging.nameless",
      "paging-change.removal",
    ],
    skipped: [
      "discovery.bulk",
      "versions.etag",
      "versions.not-modified",
      "versions.precondition",
      ...TEAMS,
      "paging.cursor",
    ],
  }));

test("scim2-server of PyPI", () =>
  assertVerdicts(startScim2Server, {
    failed: [
      "discovery.config", // no authenticationSchemes
      "entra.new-element", // noTarget
      "groups-entra.remove", // no value for remove
    ],
    warned: [
      "connection.no-key",
      "okta-put.foreign-attributes",
      "entra.lookup-unquoted",
      "entra.manager",
      "groups.create", // two groups of a name
      "groups.user-groups",
      "groups.deleted-member",
      "paging.nameless",
      "paging-change.removal",
    ],
    skipped: [...TEAMS, "paging.cursor"],
  }));
