// How the conformance suite's results are judged: an undocumented deviation fails, and so does one that no longer
// occurs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "./judge.mjs";

const fine = [
  { status: "SUCCESS", check: "random_url", reason: null },
  { status: "ACCEPTABLE", type: "User", check: "object_query", reason: "found" },
  { status: "SUCCESS", type: "Group", check: "object_query", reason: "found" },
];
const refusal = {
  status: "ERROR",
  type: "User",
  check: "check_remove_attribute",
  attribute: "active",
  reason: "not so",
};
const deviation = { type: "User", checks: ["check_remove_attribute"], attribute: "active", says: /not/, reason: "why" };

const judged = (results, deviations) => judge(results, { types: ["User", "Group"], deviations });

test("a documented deviation that occurs counts neither as passed nor as failed", () => {
  assert.deepEqual(judged([...fine, refusal], [deviation]), { passed: 3, documented: 1, failures: [] });
});

test("an undocumented deviation fails, also when it was skipped or is only advised against", () => {
  for (const status of ["ERROR", "CRITICAL", "DEVIATION", "SKIPPED"]) {
    const { passed, failures } = judged([...fine, { ...refusal, status }], []);
    assert.equal(passed, 3);
    assert.deepEqual(failures, [`User check_remove_attribute active: ${status} not so`]);
  }
});

test("a deviation is documented for one check, one attribute and one reason", () => {
  const stale = "User check_remove_attribute active: documented as a deviation, which did not occur";
  for (const other of [
    { type: "Group" },
    { check: "check_add_attribute" },
    { attribute: "title" },
    { attribute: null },
    { reason: "database is gone" },
  ]) {
    const { documented, failures } = judged([...fine, { ...refusal, ...other }], [deviation]);
    assert.equal(documented, 0);
    assert.equal(failures.length, 2);
    assert.equal(failures[1], stale);
  }
  assert.deepEqual(judged([...fine, { ...refusal, status: "SUCCESS" }], [deviation]).failures, [stale]);
});

test("every check of a list must deviate", () => {
  const checks = ["check_remove_attribute", "check_add_attribute"];
  const { documented, failures } = judged([...fine, refusal], [{ ...deviation, checks }]);
  assert.equal(documented, 1);
  assert.deepEqual(failures, ["User check_add_attribute active: documented as a deviation, which did not occur"]);
});

test("a suite that did not get to a type of resource has failed", () => {
  assert.equal(judged([], []).failures.length, 2);
  assert.deepEqual(judged(fine.slice(0, 2), []).failures, ["Group: no check of this type of resource was run"]);
});
