// A custom app (App Integration Wizard), as the product's own guide builds it: it writes by PUT alone.

import assert from "node:assert/strict";
import { it } from "node:test";
import { CustomApp } from "../../helpers/okta-app.mjs";
import { describeOktaLife } from "../../helpers/okta-life.mjs";

const life = describeOktaLife("the life of a custom Okta app, by PUT", CustomApp);

it("has lived without a PATCH, and without deleting a user", () => {
  const { requests } = life.organization.okta;
  assert.ok(requests.some((request) => request.startsWith("PUT /Users/")));
  assert.ok(requests.some((request) => request.startsWith("PUT /Groups/")));
  assert.deepEqual(
    requests.filter((request) => /^(PATCH|DELETE \/Users)/.test(request)),
    [],
  );
});
