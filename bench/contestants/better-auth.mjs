/* better-auth's SCIM plugin on SQLite. Its rows have hashes of its own making in them, so that people are made by
   requests, which takes minutes: once, and kept for the next time. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cached } from "../../scripts/lib/cache.mjs";
import { node22 } from "../../scripts/lib/npm.mjs";
import { root } from "../../scripts/lib/paths.mjs";
import { Client } from "../lib/client.mjs";
import { Directory } from "../lib/directory.mjs";
import { scimContestant } from "./contestant.mjs";
import { startServer } from "./process.mjs";

const KEY = "bench-bench-bench-bench-bench-bench-bench";
const FILE = "people.db";
const IDS = "ids.json";
const AT_ONCE = 8;
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const version = () =>
  JSON.parse(readFileSync(join(root, "bench/node_modules/@better-auth/scim/package.json"), "utf8")).version;

/** @param people `{ userName, doc }` of all people; @param folder for the database */
export async function startBetterAuth({ folder, people, size }) {
  const made = await cached({
    name: `bench-better-auth-${version()}-${people.length}`,
    title: `Making ${people.length} people in better-auth, by requests (minutes, once)`,
    works: (made) => existsSync(join(made, IDS)),
    fill: (made) => fill(made, people),
  });
  const file = join(folder, FILE);
  copyFileSync(join(made, FILE), file);
  const ids = JSON.parse(readFileSync(join(made, IDS), "utf8"));
  const own = people.map(({ userName }, i) => ({ userName, id: ids[i] }));
  const { client, pid, stop } = await serve(file);
  const directory = new Directory({ people: own, size, groups: [] });
  const cannot = ({ members }) => members && "its groups have at most 1,000 members";
  return scimContestant(`better-auth ${version()}, SQLite`, { pid, client, directory, cannot, stop });
}

async function serve(file) {
  const { pid, line, stop } = await startServer(node22(), [join(root, "bench/peers/better-auth.mjs"), file, KEY]);
  const client = new Client(`http://127.0.0.1:${line}/api/auth/scim/v2`, { authorization: `Bearer ${KEY}` });
  return { pid, client, stop };
}

async function fill(folder, people) {
  const { client, stop } = await serve(join(folder, FILE));
  const ids = [];
  const queue = people.entries();
  const worker = async () => {
    for (const [i, { doc }] of queue) {
      const body = JSON.parse(doc);
      delete body[ENTERPRISE].manager; // an id of scim-edge's
      ids[i] = JSON.parse(
        (await client.expect({ method: "POST", path: "/Users", body: JSON.stringify(body) })).text,
      ).id;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  client.close();
  await stop();
  writeFileSync(join(folder, IDS), JSON.stringify(ids));
}
