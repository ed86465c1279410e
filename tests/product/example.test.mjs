// The product of examples/product-worker lives on the directory: what an identity provider does holds there at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { operation } from "../helpers/bodies.mjs";
import { ScimClient } from "../helpers/client.mjs";
import { productClient, useExample } from "../helpers/example.mjs";

const example = useExample();

async function person(okta, userName) {
  const { body } = await okta.get(`/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`);
  return body.Resources[0].id;
}

const client = () => new ScimClient(`${example.url}/scim`, example.key);

test("after Okta has deactivated a person, session and API key are dead at the next request", async () => {
  const okta = client();
  const product = productClient(example);
  const max = await person(okta, "max.miller@example.com");
  const { body: signedIn } = await product("POST", "/sign-in", { body: { user_name: "max.miller@example.com" } });
  const { session } = signedIn;
  const { body: made } = await product("POST", "/api-keys", { session });
  const before = [await product("GET", "/me", { session }), await product("GET", "/me", { key: made.key })];
  assert.deepEqual(
    before.map(({ status }) => status),
    [200, 200],
  );

  assert.equal((await okta.patch(`/Users/${max}`, operation.active(false))).status, 200);

  assert.equal((await product("GET", "/me", { session })).status, 401);
  assert.equal((await product("GET", "/me", { key: made.key })).status, 401);
  assert.equal((await product("POST", "/sign-in", { body: { user_name: "max.miller@example.com" } })).status, 403);

  assert.equal((await okta.patch(`/Users/${max}`, operation.active(true))).status, 200);
  assert.equal((await product("GET", "/me", { session })).status, 401, "an ended session does not come back");
  assert.equal((await product("POST", "/sign-in", { body: { user_name: "max.miller@example.com" } })).status, 200);
});

test("a role that Okta pushes counts at the next request, and no longer once it is taken", async () => {
  const okta = client();
  const product = productClient(example);
  const mia = await person(okta, "mia.moreau@example.com");
  const { body: groups } = await okta.get(
    `/Groups?filter=${encodeURIComponent('displayName eq "Statsig-Demo-Admin"')}`,
  );
  const group = groups.Resources[0].id;
  const { body: signedIn } = await product("POST", "/sign-in", { body: { user_name: "mia.moreau@example.com" } });
  const { session } = signedIn;
  const launch = () => product("POST", "/projects/Demo/launch", { session });
  const rights = async () => (await product("GET", "/me", { session })).body.rights;

  assert.equal((await launch()).status, 403);
  assert.deepEqual(await rights(), []);

  assert.equal((await okta.patch(`/Groups/${group}`, operation.addMembers([mia]))).status, 204);
  assert.equal((await launch()).status, 200);
  assert.deepEqual(
    (await rights()).map(({ group_id, role }) => ({ group_id, role })),
    [{ group_id: group, role: "Admin" }],
  );

  assert.equal((await okta.patch(`/Groups/${group}`, operation.removeMember(mia))).status, 204);
  assert.equal((await launch()).status, 403);
  assert.deepEqual(await rights(), []);
});
