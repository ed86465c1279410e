// An app of Okta's catalog: PATCH for activation and groups, PUT for the profile.

import assert from "node:assert/strict";
import { it } from "node:test";
import { CatalogApp } from "../../helpers/okta-app.mjs";
import { describeOktaLife } from "../../helpers/okta-life.mjs";

const life = describeOktaLife("the life of an Okta catalog app, by PATCH", CatalogApp);

it("has lived without a PUT of a group, and without deleting a user", () => {
  const { requests } = life.organization.okta;
  assert.ok(requests.some((request) => request.startsWith("PATCH /Users/")));
  assert.ok(requests.some((request) => request.startsWith("PATCH /Groups/")));
  assert.deepEqual(
    requests.filter((request) => /^(PUT \/Groups|DELETE \/Users)/.test(request)),
    [],
  );
});
