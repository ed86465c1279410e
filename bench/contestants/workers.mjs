// scim-edge and the floor under it, in one workerd and on one database.
import { readFileSync } from "node:fs";
import { adminApi, newKey } from "../../scripts/lib/demo.mjs";
import { builtWorker, openWorkers, schema, workerOf } from "../../scripts/lib/local-worker.mjs";
import { populate } from "../../scripts/lib/population.mjs";
import { Client } from "../lib/client.mjs";
import { Directory, spares } from "../lib/directory.mjs";
import { childNamed } from "../lib/measure.mjs";
import { GROUPS, scimContestant } from "./contestant.mjs";
import { floorContestant } from "./floor.mjs";

const TOKEN = "the-admin-token-of-the-benchmark-is-no-secret";
const bindings = { ADMIN_TOKEN: TOKEN };

const source = (name) => ({
  type: "esm",
  contents: readFileSync(new URL(`../workers/${name}`, import.meta.url), "utf8"),
});
const env = { DB: { type: "d1", id: "DB" }, KV: { type: "kv", id: "KV" } };

/**
 * Starts them, and the Workers in `workers`, with `size` people in each of their groups. `wasm`: the WebAssembly to run
 * instead of the built one, under an inspector.
 */
export async function startWorkers({ folder, size, workers = [], wasm }) {
  const running = await openWorkers({
    folder,
    direct: true,
    inspected: wasm !== undefined,
    workers: [
      builtWorker({ bindings, wasm, hasAssets: false }),
      builtWorker({
        name: "recorder",
        bindings,
        modules: { "recorder.js": source("recorder.js") },
        hasQueue: false,
        hasAssets: false,
      }),
      workerOf("floor", { modules: { "floor.js": source("floor.js") }, env }),
      ...workers,
    ],
  });
  const database = await running.database();
  await database.prepare(schema()).run();
  const sql = async (query, ...params) => {
    const statement = database.prepare(query).bind(...params);
    return (await statement.all()).results;
  };
  const api = adminApi(running.url, TOKEN);
  const owner = { user_name: "olivia.owner@example.com", given_name: "Olivia", family_name: "Owner" };
  // The floor deactivates the same people again and again, which counts as many: more than the brake allows by default.
  const { id } = await api("organizations", { name: "Bench", owner, plain_groups: true, brake_percent: 100 });
  const users = size + spares(2);
  const { groups } = await populate(sql, id, { users, groups: GROUPS, members: 0 });
  const people = await sql(
    "SELECT seq, id, doc, doc ->> 'userName' AS userName FROM users WHERE org_role = 'Member' ORDER BY seq",
  );
  await sql(
    `INSERT INTO memberships (group_seq, user_seq) SELECT g.seq, u.seq FROM groups g CROSS JOIN users u
     WHERE u.id IN (SELECT value FROM json_each(?1))`,
    JSON.stringify(people.slice(0, size).map((person) => person.id)),
  );
  const directory = (turn) => {
    const mine = groups.slice(2 * turn, 2 * turn + 2).map((group) => group.id);
    return new Directory({ people, size, groups: mine, groupName: `Group ${2 * turn + 2}`, turn });
  };
  const headers = { authorization: `Bearer ${await newKey(api, id)}` };
  const client = async (name, path = "/scim") => new Client((await running.directUrl(name)) + path, headers);
  const pid = childNamed("workerd");
  const edge = scimContestant("scim-edge", { pid, client: await client("scim-edge"), directory: directory(0) });
  const floor = floorContestant({ pid, client: await client("floor", ""), directory: directory(1) });
  await floor.learn(await client("recorder"));
  return { running, edge, floor, people, pid };
}
