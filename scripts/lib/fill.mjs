// The part of `npm run seed` that needs Node 22: fills the local database of `npm start`.
import { adminApi, makeDemo, newKey } from "./demo.mjs";
import { announce } from "./instance.mjs";
import { openWorker } from "./local-worker.mjs";
import { migrateLocal } from "./migrations.mjs";
import { populate } from "./population.mjs";
import { main, Problem, step } from "./run.mjs";
import { adminToken, beginState, data } from "./state.mjs";

const { worker: from, users, groups, members, organization: existing } = JSON.parse(process.argv[2]);

await main(async () => {
  const fresh = beginState({ reset: false });
  const worker = await openWorker({ from, folder: data, bindings: { ADMIN_TOKEN: adminToken() } });
  try {
    await announce(worker.url); // so that no server begins meanwhile
    const database = await worker.database();
    await migrateLocal(database);
    const api = adminApi(worker.url, adminToken());
    if (fresh) await makeDemo(api);
    const organization = existing ?? (await newOrganization(api));
    const sql = async (query, ...params) => {
      const statement = database.prepare(query).bind(...params);
      return (await statement.all()).results;
    };
    await admitsThem(sql, organization);
    const title = `Writing ${users} people and ${groups} groups of ${members}`;
    await step(title, () => populate(sql, organization, { users, groups, members }, progress()));
    const key = await newKey(api, organization);
    console.log(
      `\n  Organization   ${organization}\n  SCIM key       ${key}   (shown this once)\n\nnpm start serves it.`,
    );
  } finally {
    await worker.close();
  }
  process.exit(); // what was announced would keep us alive
});

async function newOrganization(api) {
  const owner = { user_name: "olivia.owner@example.com", given_name: "Olivia", family_name: "Owner" };
  const { id } = await api("organizations", { name: `${users} people`, owner, plain_groups: groups > 0 });
  return id;
}

async function admitsThem(sql, organization) {
  const [found] = await sql("SELECT plain_groups FROM organizations WHERE id = ?1", organization);
  if (!found) {
    const all = await sql("SELECT id, name FROM organizations ORDER BY created_at");
    const list = all.map(({ id, name }) => `\n  ${id}  ${name}`).join("");
    throw new Problem(`There is no organization ${organization}. There are:${list}`);
  }
  if (groups > 0 && !found.plain_groups) {
    throw new Problem("This organization has no groups of any name (plain_groups): seed it with --groups 0.");
  }
}

/** Prints the progress in tenths. */
function progress() {
  let told = 0;
  return (share) => {
    const tenths = Math.floor(share * 10);
    if (tenths > told) process.stdout.write(`${tenths}0% `);
    told = tenths;
  };
}
