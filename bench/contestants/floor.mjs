// The floor under scim-edge: bench/workers/floor.js.
import { Client } from "../lib/client.mjs";
import { OPERATIONS, prepared } from "../lib/operations.mjs";
import { recipe } from "../lib/recipes.mjs";

const statement = (sql) => [[{ batch: [{ sql, params: [] }] }]];

/** What parts of the platform cost by themselves. */
export const PROBES = {
  "a Worker that answers at once": [],
  "and reads one key of KV": [[{ get: "nothing", options: { cacheTtl: 30 } }]],
  "or one row of D1": statement("SELECT name AS body FROM organizations LIMIT 1"),
  "or writes one row of D1": statement("UPDATE organizations SET name = name RETURNING name AS body"),
};

/** The contestant whose requests are `operation.floor` instead of `operation.scim`. */
export function floorContestant({ pid, client, directory }) {
  const post = (path, content) => {
    const request = { method: "POST", path, body: JSON.stringify(content) };
    return () => client.expect(request);
  };
  return {
    name: "floor",
    pid,
    cannot: () => undefined,
    isRight: () => true, // its statements are those of scim-edge, and those that change nothing fail
    close: () => client.close(),
    prepare(operation, i) {
      const requests = operation
        .floor(directory, i)
        .map(({ recipe, values }) => post(`/${encodeURIComponent(recipe)}`, values));
      return async () => {
        for (const request of requests) await request();
      };
    },
    /** Does one of the probes. */
    probe: (name) => post(`/${encodeURIComponent(name)}`, {})(),
    /** Records the storage calls of the Worker, and makes the recipes of them. */
    async learn(recorder) {
      const made = {};
      const everything = new Client(recorder.base.origin, {});
      const recorded = async () => JSON.parse((await everything.expect({ method: "GET", path: "/recorded" })).text);
      await recorder.expect({ method: "GET", path: "/Users?count=1" }); // notes that the key is used, this once
      const directoryOfTwo = Object.assign(Object.create(directory), { width: 2, firstNew: directory.firstNew * 10 });
      for (const operation of OPERATIONS) {
        // Often enough that the last two are alike: the first loss of access within an hour counts, later ones do not.
        for (let i = 0; i < (operation.heavy ? 2 : 8); i++) {
          const kinds = operation.floor(directoryOfTwo, i).values();
          const run = prepared(operation, directoryOfTwo, i);
          await run(async (request) => {
            await recorded(); // what came after the answer before
            const answer = await recorder.expect(request);
            const { recipe: name, values } = kinds.next().value;
            made[name] ??= [];
            made[name].push({ values, steps: await recorded() });
            return answer;
          });
        }
      }
      const recipes = Object.entries(made).map(([name, all]) => [name, recipe(name, all.slice(-2))]);
      await post("/recipes", { ...PROBES, ...Object.fromEntries(recipes) })();
      everything.close();
      recorder.close();
    },
  };
}
