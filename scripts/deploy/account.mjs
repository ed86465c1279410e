// The login of wrangler, and the account to deploy to.

import { ask, isInteractive } from "../lib/ask.mjs";
import { Problem, step } from "../lib/run.mjs";
import { WranglerFailure, wrangler, wranglerJson } from "./wrangler.mjs";

/** The accounts of the login. Logs in if there is a terminal; else throws a Problem with the next step. */
export async function login(configured) {
  const accounts = await accountsOfLogin(configured);
  if (accounts) return accounts;
  if (isInteractive()) {
    const answer = await ask("wrangler is not logged in to Cloudflare. Log in now, in a browser? (Enter, or no) ");
    if (!/^no?$/i.test(answer)) {
      await wrangler(["login"], { shown: true });
      return login(configured);
    }
  }
  throw new Problem(
    "wrangler is not logged in to Cloudflare. Run npx wrangler login, which opens a browser; or set " +
      "CLOUDFLARE_API_TOKEN to an API token with the permissions that docs/guides/deploy.md lists.",
  );
}

/** The accounts; undefined without a login. */
function accountsOfLogin(configured) {
  return step("Checking the login", async () => {
    try {
      return (await wranglerJson(["whoami", "--json"])).accounts;
    } catch (error) {
      if (!(error instanceof WranglerFailure)) throw error;
      if (/"loggedIn": ?false/.test(error.output)) return undefined;
      // A token may be good for an account without being allowed to list accounts.
      if (known(configured)) return [];
      throw error;
    }
  });
}

/** The id of an account that is not to be asked for. */
const known = (configured) => configured ?? process.env.CLOUDFLARE_ACCOUNT_ID;

/** The account `{ id, name }` to deploy to. */
export async function chooseAccount(accounts, configured) {
  const id = known(configured);
  if (id) return accountOf(accounts, id);
  if (accounts.length === 1) return accounts[0];
  const list = accounts.map(({ id, name }, index) => `  ${index + 1}  ${name} (${id})`).join("\n");
  if (accounts.length === 0)
    throw new Problem("The login can see no account. Set CLOUDFLARE_ACCOUNT_ID, or log in again: npx wrangler login");
  if (!isInteractive())
    throw new Problem(`The login has several accounts. Set CLOUDFLARE_ACCOUNT_ID to the id of one:\n${list}`);
  console.log(`The login has several accounts:\n${list}`);
  const complaint = `Type a number from 1 to ${accounts.length}.`;
  const answer = await ask("Deploy to which one? ", (text) => (accounts[Number(text) - 1] ? undefined : complaint));
  return accounts[Number(answer) - 1];
}

function accountOf(accounts, id) {
  const account = accounts.find((each) => each.id === id);
  if (account || accounts.length === 0) return account ?? { id, name: "account" };
  const list = accounts.map(({ id, name }) => `  ${name} (${id})`).join("\n");
  throw new Problem(`The login has no account ${id}. It has:\n${list}\nSet CLOUDFLARE_ACCOUNT_ID, or log in again.`);
}
