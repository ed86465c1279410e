// What `npm start` tells its reader.

export function greeting({ url, key, adminToken }) {
  const shown = key ? `${key}   (shown this once)` : "shown when it was made; npm start -- --new-key makes another";
  return `
scim-edge is running. Ctrl-C stops it.

  SCIM connector base URL   ${url}/scim
  SCIM key                  ${shown}
  Console                   ${url}/console
  Its API                   ${url}/console/api
  Admin token               ${adminToken}

Try what Okta's "Test Connector Configuration" asks:

  curl -H 'Authorization: Bearer ${key ?? "<SCIM key>"}' '${url}/scim/Users?startIndex=1&count=2'

In Okta, in a custom SAML or SWA app with provisioning by SCIM (General > App Settings), go to Provisioning > Integration and type:

  SCIM connector base URL              https://<your Worker>/scim
  Unique identifier field for users    userName
  Supported provisioning actions       tick Import New Users and Profile Updates, Push New Users,
                                       Push Profile Updates, Push Groups, and Import Groups where it is shown
  Authentication Mode                  HTTP Header
  Authorization                        the SCIM key alone: Okta puts "Bearer" before it

Okta calls public https addresses only, so it cannot reach ${url}. For an address that it can, deploy the
Worker as the top of wrangler.toml says, and make the organization and its key there.
`;
}
