// Serves the example until it is stopped; npm run example starts this. Its argument is the folder of the Worker.
import { once } from "node:events";
import { openExample } from "./example.mjs";
import { runCrons } from "./local-worker.mjs";
import { state } from "./paths.mjs";
import { main, step } from "./run.mjs";

await main(async () => {
  const from = process.argv[2];
  const example = await step("Starting scim-edge and the product", () =>
    openExample({ folder: state("example"), from }),
  );
  runCrons(example);
  const { url, productUrl, organization, adminToken, key } = example;
  console.log(`
scim-edge    ${url}/console
admin token  ${adminToken}
the product  ${productUrl}
organization ${organization}

Sign in to the product as Max, and see who he is (he has no role yet):

  session=$(curl -s ${productUrl}/sign-in -d '{"user_name":"max.miller@example.com"}' | sed 's/.*:"//; s/".*//')
  curl -s ${productUrl}/me -H "cookie: session=$session"; echo

Deactivate him as an identity provider does, and ask once more: his session has ended.

  scim() { curl -s -H 'authorization: Bearer ${key}' -H 'content-type: application/scim+json' "$@"; echo; }
  patch() { echo '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations":[{"op":"replace","value":{"active":'$1'}}]}'; }
  id=$(scim -G ${url}/scim/v2/Users --data-urlencode 'filter=userName eq "max.miller@example.com"' |
    sed 's/.*"id":"//; s/".*//')
  scim -X PATCH ${url}/scim/v2/Users/$id -d "$(patch false)"
  curl -s ${productUrl}/me -H "cookie: session=$session"; echo

Activate him again, and he may sign in once more:

  scim -X PATCH ${url}/scim/v2/Users/$id -d "$(patch true)"

The data stay for the next time. Ctrl-C ends both.`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), once(process, "disconnect")]);
  await example.close();
  process.exit(0); // the cron jobs would keep us
});
