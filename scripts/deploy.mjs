// npm run deploy: this Worker in a Cloudflare account. Each step finds out what is there already, so that it can be
// interrupted anywhere and repeated.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chooseAccount, login } from "./deploy/account.mjs";
import { chooseAdminToken, fromEnvironment } from "./deploy/admin-token.mjs";
import { readConfiguration, writeConfiguration } from "./deploy/configuration.mjs";
import { dryRun } from "./deploy/dry-run.mjs";
import { readOptions } from "./deploy/options.mjs";
import { chooseJurisdiction, create, lookUp } from "./deploy/resources.mjs";
import { addressOf, smokeTest } from "./deploy/smoke.mjs";
import { WranglerFailure, wrangler } from "./deploy/wrangler.mjs";
import { npmPackages } from "./lib/npm.mjs";
import { oktaRows } from "./lib/okta.mjs";
import { root } from "./lib/paths.mjs";
import { main, Problem, step } from "./lib/run.mjs";
import { workerFolder } from "./lib/worker-folder.mjs";

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

await main(async () => {
  process.chdir(root);
  const options = readOptions();
  if (!options) return;
  fromEnvironment(); // an unfit one is refused before anything is done
  await npmPackages({ all: true });
  const configuration = readConfiguration(options.env);
  const worker = await workerFolder();
  if (options.dryRun) {
    return dryRun(configuration, writeConfiguration(configuration, worker), options.jurisdiction);
  }

  const account = await chooseAccount(await login(configuration.account), configuration.account);
  process.env.CLOUDFLARE_ACCOUNT_ID = account.id;
  console.log(`Deploying the Worker ${configuration.name} to ${account.name} (${account.id}).`);
  const found = await step("Looking up what the account has", () => lookUp(configuration));
  // All questions come first.
  const jurisdiction = await chooseJurisdiction(found, options.jurisdiction);
  const admin = needsAdminToken(configuration, found.live, options) && (await chooseAdminToken());

  const ready = { ...configuration, ...(await create(found, jurisdiction)) };
  const args = writeConfiguration(ready, worker);
  for (const { binding } of ready.databases) await migrate(binding, args);
  const address = await deploy(args);
  if (admin) await putAdminToken(admin, args);
  if (!address) {
    console.log("The Worker has no address: wrangler.toml has workers_dev = false and no routes. Nothing was tested.");
    return;
  }
  await smokeTest(address, version);
  console.log(summary(address));
});

/** With Cloudflare Access, operators may have deleted the admin token on purpose. */
function needsAdminToken({ vars }, live = [], { newAdminToken }) {
  if (newAdminToken) return true;
  const has = live.some(({ type, name }) => type === "secret_text" && name === "ADMIN_TOKEN");
  return !has && !vars.ACCESS_TEAM;
}

/** The Worker that runs goes on during migrations: they remove nothing that it uses. */
async function migrate(binding, args) {
  try {
    await step(`Applying the migrations of ${binding}`, () =>
      wrangler(["d1", "migrations", "apply", binding, "--remote", ...args]),
    );
  } catch (error) {
    if (!(error instanceof WranglerFailure)) throw error;
    throw new Problem(
      `${error.message}\n\nThe new Worker was not deployed: the one before goes on. D1 has taken the failed ` +
        "migration back, and those before it stay. Once the reason is mended, run the same command again: it " +
        "continues there. docs/guides/upgrade.md says how to restore a database.",
    );
  }
}

/** Uploads the Worker; resolves with its address. wrangler may ask, for instance for a name under workers.dev. */
async function deploy(args) {
  const { entries } = await wrangler(["deploy", ...args], { shown: true }).catch((error) => {
    if (!(error instanceof WranglerFailure)) throw error;
    throw new Problem(
      "wrangler could not deploy the Worker, as it says above. The migrations are applied; the Worker before, if " +
        "there is one, goes on with them. Once the reason is mended, run the same command again.",
    );
  });
  const deployed = entries.find(({ type }) => type === "deploy");
  if (!deployed?.version_id) throw new Problem("wrangler did not deploy. Run the same command again to go on.");
  return addressOf(deployed.targets ?? []);
}

/** The token is shown before it is set: if the answer is lost, it may be valid. */
async function putAdminToken({ token, isNew }, args) {
  if (isNew) {
    console.log(`\nThe admin token, which opens the console. It is shown this once: keep it.\n\n  ${token}\n`);
  }
  await step("Setting ADMIN_TOKEN", () => wrangler(["secret", "put", "ADMIN_TOKEN", ...args], { input: token }));
}

function summary(address) {
  return `
scim-edge is deployed.

  SCIM connector base URL   ${address}/scim
  Console                   ${address}/console   (sign in with the admin token)

In the console, create an organization and generate its SCIM key. In Okta, in a custom SAML or SWA app with
provisioning by SCIM (General > App Settings), go to Provisioning > Integration and type:

${oktaRows(`${address}/scim`)}

docs/guides/okta.md and docs/guides/entra.md have all steps.
`;
}
