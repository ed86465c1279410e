// The page of permissions: what roles allow, how that is changed, and what is given back after an error.

import assert from "node:assert/strict";
import { test } from "node:test";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

test("permissions are changed and set back on their page, without script", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: ['Cook & "Baker"'] } });
  const cookies = (answer) => [answer.headers["set-cookie"]].flat().map((cookie) => cookie.split(";")[0]);
  const headers = { "Content-Type": "application/x-www-form-urlencoded", Origin: worker.url };
  const post = (path, fields, Cookie = "") =>
    send("POST", worker.url + path, {
      headers: { ...headers, Cookie },
      body: new URLSearchParams(fields).toString(),
    });
  const [session] = cookies(await post("/console/sign-in", { token: worker.adminToken }));
  const path = `/console/organizations/${organization.id}/permissions`;
  const page = async (query = "", cookie = session) =>
    (await send("GET", worker.url + path + query, { headers: { Cookie: cookie } })).text;
  const link = "?on=project&amp;role=Cook+%26+%22Baker%22";
  assert.ok((await page()).includes(`href="${link}"`));
  const query = link.replace("&amp;", "&");
  assert.match(await page(query), /What the project role Cook &amp; &quot;Baker&quot; allows/);

  const form = { on: "project", role: 'Cook & "Baker"', permissions: "bake_bread\r\ncook_soup, peel" };
  const saved = await post(path, { ...form, action: "save" }, session);
  assert.deepEqual([saved.status, saved.headers.location], [303, path]);
  const done = await page("", [session, ...cookies(saved)].join("; "));
  assert.match(done, /class="notice good"[\s\S]*Cook &amp; &quot;Baker&quot;[\s\S]*is saved/);
  assert.match(done, /bake_bread, cook_soup, peel</);
  assert.match(await page(query), /bake_bread\ncook_soup\npeel<\/textarea>[\s\S]*Back to the default/);

  const refused = await post(path, { ...form, permissions: "Bake!", action: "save" }, session);
  assert.equal(refused.status, 400);
  assert.match(refused.text, /is not the name of a permission/);
  assert.match(refused.text, /Bake!<\/textarea>/, "what was typed is there again");

  assert.equal((await post(path, { ...form, action: "default" }, session)).status, 303);
  const { roles } = await organization.admin.get(organization.path("/permissions"));
  assert.ok(roles.every(({ is_default }) => is_default));
});
