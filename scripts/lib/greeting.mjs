// The text that `npm start` prints.

import { readFileSync } from "node:fs";

const okta = JSON.parse(readFileSync(new URL("../../src/console/pages/okta.json", import.meta.url), "utf8"));

/** The values to type into Okta, one a row; the names of fields in a column of their own. */
const rows = () =>
  okta.connection
    .map(([field, value]) => `  ${field.padEnd(37)}${value.replace("{base}", "https://<your Worker>/scim")}`)
    .join("\n");

export function greeting({ url, key, tokenFile }) {
  const shown = key ? `${key}   (shown this once)` : "shown when it was made; npm start -- --new-key makes another";
  return `
scim-edge is running. Ctrl-C stops it.

  SCIM connector base URL   ${url}/scim
  SCIM key                  ${shown}
  Console                   ${url}/console
  Its API                   ${url}/console/api
  Admin token               in the file ${tokenFile} of this checkout

Try what Okta's "Test Connector Configuration" asks:

  curl -H 'Authorization: Bearer ${key ?? "<SCIM key>"}' '${url}/scim/Users?startIndex=1&count=2'

In Okta, in a custom SAML or SWA app with provisioning by SCIM (General > App Settings), go to
Provisioning > Integration and type:

${rows()}

Okta calls public https addresses only, so it cannot reach ${url}. For an address that it can, deploy the
Worker as the top of wrangler.toml says, and make the organization and its key there.
`;
}
