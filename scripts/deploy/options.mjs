// The command line of npm run deploy.
import { parseArgs } from "node:util";
import { Problem } from "../lib/run.mjs";

const USAGE = `npm run deploy -- [--env NAME] [--jurisdiction none|eu|us] [--new-admin-token] [--dry-run]

Deploys this Worker to your Cloudflare account: creates its database and KV namespace if the account lacks them,
applies migrations, deploys, sets the admin token, and tests the address. It can be repeated at any time, also after an
interruption.

  --env NAME          the deployment that wrangler.toml describes under [env.NAME], for instance staging
  --jurisdiction J    where a database that is created keeps its data: none (anywhere), eu or us. It cannot be changed
                      later. Asked for in a terminal.
  --new-admin-token   set another admin token, although there is one
  --dry-run           do only what needs no account, and print the commands for the rest

From the environment:

  CLOUDFLARE_API_TOKEN    instead of npx wrangler login
  CLOUDFLARE_ENV          as --env
  CLOUDFLARE_ACCOUNT_ID   the account, if the login has several
  ADMIN_TOKEN             the admin token to set if there is none yet, or with --new-admin-token`;

/** What `--jurisdiction` may be. */
export const JURISDICTIONS = ["none", "eu", "us"];

/** The options, or undefined if help was printed. */
export function readOptions(args = process.argv.slice(2)) {
  const boolean = { type: "boolean", default: false };
  try {
    const { values } = parseArgs({
      args,
      options: {
        env: { type: "string" },
        jurisdiction: { type: "string" },
        "new-admin-token": boolean,
        "dry-run": boolean,
        help: { ...boolean, short: "h" },
      },
    });
    if (values.help) return void console.log(USAGE);
    const { env = process.env.CLOUDFLARE_ENV || undefined, jurisdiction } = values;
    if (env === "") throw new Error("--env needs a name. Leave it out for the deployment at the top of wrangler.toml.");
    if (jurisdiction !== undefined && !JURISDICTIONS.includes(jurisdiction))
      throw new Error(`--jurisdiction ${jurisdiction} is not one of ${JURISDICTIONS.join(", ")}.`);
    return { env, jurisdiction, newAdminToken: values["new-admin-token"], dryRun: values["dry-run"] };
  } catch (error) {
    throw new Problem(`${error.message}\n\n${USAGE}`);
  }
}
