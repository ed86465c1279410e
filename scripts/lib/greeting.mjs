// The text that `npm start` prints.
import { oktaRows } from "./okta.mjs";

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

${oktaRows("https://<your Worker>/scim")}

Okta calls public https addresses only, so it cannot reach ${url}. For an address that it can, deploy the
Worker with npm run deploy, and make the organization and its key there.
`;
}
