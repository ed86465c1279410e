// Serves the example until it is stopped; npm run example starts this. Its argument is the folder of the Worker.
import { once } from "node:events";
import { openExample } from "./example.mjs";
import { state } from "./paths.mjs";
import { main, step } from "./run.mjs";

await main(async () => {
  const from = process.argv[2];
  const example = await step("Starting scim-edge and the product", () =>
    openExample({ folder: state("example"), from }),
  );
  const { url, productUrl, organization, adminToken, key } = example;
  console.log(`
scim-edge    ${url}/console
admin token  ${adminToken}
the product  ${productUrl}
organization ${organization}

Sign in to the product as Max, and see what he may do:

  session=$(curl -s ${productUrl}/sign-in -d '{"user_name":"max.miller@example.com"}' | sed 's/.*:"//; s/".*//')
  curl -s ${productUrl}/me -H "cookie: session=$session"

Deactivate him as an identity provider does, and ask once more:

  id=$(curl -s -G ${url}/scim/v2/Users -H 'authorization: Bearer ${key}' \\
    --data-urlencode 'filter=userName eq "max.miller@example.com"' | sed 's/.*"id":"//; s/".*//')
  curl -s -X PATCH ${url}/scim/v2/Users/$id -H 'authorization: Bearer ${key}' \\
    -H 'content-type: application/scim+json' -d '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations":[{"op":"replace","value":{"active":false}}]}'
  curl -s ${productUrl}/me -H "cookie: session=$session"

Ctrl-C ends both.`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), once(process, "disconnect")]);
  await example.close();
});
