// docs/guides/okta.md, the console and `npm start` use the same words for what to enter in Okta.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { greeting } from "../../../scripts/lib/greeting.mjs";
import { send } from "../../helpers/http.mjs";
import { tables } from "../../helpers/markdown.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const read = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const okta = JSON.parse(read("src/console/pages/okta.json"));

/** A text without what is only form: quotes, emphasis, line breaks, tables. */
const plain = (text) =>
  text
    .replace(/<[^>]*>/g, " ")
    .replaceAll("&quot;", '"')
    .replaceAll("&gt;", ">")
    .replace(/["`*|;.,]/g, " ")
    .replace(/\s+/g, " ");

test("docs/guides/okta.md and the console use the same words", async () => {
  const organization = await createOrganization(worker);
  const page = await send("GET", `${worker.url}/console${organization.path("/keys")}`, {
    headers: { Authorization: `Bearer ${worker.adminToken}` },
  });
  const card = page.text.slice(page.text.indexOf("okta-heading"), page.text.indexOf("entra-heading"));
  const texts = [
    ...okta.connection.flat(),
    okta.to_app,
    okta.push_groups,
    okta.mapping,
    okta.owner,
    ...okta.attribute.flat(),
  ]
    .filter((text) => !text.startsWith("{"))
    .map(plain);
  assert.ok(texts.length >= 15);
  const guide = plain(read("docs/guides/okta.md")).toLowerCase();
  for (const text of texts) {
    assert.ok(plain(card).includes(text.trim()), `the console does not say: ${text}`);
    assert.ok(guide.includes(text.trim().toLowerCase()), `docs/guides/okta.md does not say: ${text}`);
  }
  assert.match(card, /Import Groups/);
  assert.doesNotMatch(card, /Member, Admin/);
});

test("the tables of docs/guides/okta.md have the console's fields, and no others", () => {
  const places = { "{base}": "https://<your Worker>/scim", "{attribute}": "statsigOrgRole" };
  const rows = (texts) => texts.map(([field, value]) => [field, plain(places[value] ?? value).trim()]);
  const [connection, attribute] = tables(read("docs/guides/okta.md")).map((table) =>
    table.map(([field, value]) => [field, plain(value).trim()]),
  );
  assert.deepEqual([connection, attribute], [rows(okta.connection), rows(okta.attribute)]);
});

test("npm start says what to type, and where the admin token is kept, but not what it is", () => {
  const adminToken = "0123456789abcdef".repeat(4);
  const tokenFile = ".scim-edge/admin-token";
  const text = greeting({ url: "http://127.0.0.1:8787", key: undefined, adminToken, tokenFile });
  assert.ok(!text.includes(adminToken));
  assert.ok(text.includes(tokenFile));
  for (const [field, value] of okta.connection) {
    assert.ok(text.includes(field), field);
    if (!value.startsWith("{")) assert.ok(plain(text).includes(plain(value).trim()), value);
  }
});
