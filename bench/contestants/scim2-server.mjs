// scim2-server of PyPI, which keeps everything in memory.
import { join } from "node:path";
import { root } from "../../scripts/lib/paths.mjs";
import { ask } from "../../scripts/lib/run.mjs";
import { Client } from "../lib/client.mjs";
import { Directory } from "../lib/directory.mjs";
import { GROUPS, scimContestant } from "./contestant.mjs";
import { startServer } from "./process.mjs";

const KEY = "bench";

/** @param python a Python that has the package; @param people `{ userName, doc }` of all people */
export async function startScim2Server({ python, people, size }) {
  const version = ask(python, ["-I", "-c", "from importlib.metadata import version; print(version('scim2-server'))"]);
  const input = [size, GROUPS, ...people.map(({ doc }) => doc)].join("\n");
  const { pid, line, stop } = await startServer(python, ["-I", join(root, "bench/peers/scim2-server.py"), KEY], {
    input,
  });
  const made = JSON.parse(line);
  const own = people.map(({ userName }, i) => ({ userName, id: made.people[i] }));
  const directory = new Directory({ people: own, size, groups: made.groups, groupName: "Group 2" });
  const client = new Client(`http://127.0.0.1:${made.port}/v2`, { authorization: `Bearer ${KEY}` });
  return scimContestant(`scim2-server ${version}, in memory`, { pid, client, directory, stop });
}
