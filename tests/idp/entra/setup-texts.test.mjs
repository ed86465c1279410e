// docs/guides/entra.md and the console use the same words for what to enter in Microsoft Entra ID.

import assert from "node:assert/strict";
import { test } from "node:test";
import { send } from "../../helpers/http.mjs";
import { read, tables } from "../../helpers/markdown.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

test("the table of the connection has the console's fields, and no others", async () => {
  const organization = await createOrganization(worker);
  const { text } = await send("GET", `${worker.url}/console${organization.path("/keys")}`, {
    headers: { Authorization: `Bearer ${worker.adminToken}` },
  });
  const card = text.slice(text.indexOf('id="entra-heading"'));
  const fields = [...card.matchAll(/<dt>([^<]*)<\/dt>\s*<dd>(.*?)<\/dd>/g)].map(([, field, value]) => [
    field,
    value
      .replace(/<button.*$/, "")
      .replace(/<[^>]*>/g, "")
      .trim(),
  ]);
  const [connection] = tables(read("docs/guides/entra.md"));
  const places = { "https://<your Worker>/scim": `${worker.url}/scim` };
  assert.deepEqual(
    fields.map(([field, value]) => [field, value.split(",")[0]]),
    connection.map(([field, value]) => [field, places[value] ?? value]),
  );
});
