// The demo organization of `npm start`, made through the admin API as an administrator would make it.
import { Problem, step } from "./run.mjs";
import { completeState } from "./state.mjs";

/** Calls the admin API of the Worker at `url`. */
export function adminApi(url, token) {
  return async (path, body) => {
    const response = await fetch(`${url}/console/api/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.text();
    if (response.ok) return JSON.parse(answer);
    throw new Problem(`The admin API answered POST ${path} with ${response.status}: ${answer}`);
  };
}

/** Makes the demo organization in the local database. */
export function makeDemo(api) {
  return step("Making the demo organization", async () => {
    completeState(await demoOrganization(api));
  });
}

/** Makes the demo organization. Resolves with its id. */
export async function demoOrganization(api) {
  const organization = await api("organizations", {
    name: "Demo Organization",
    owner: { user_name: "olivia.owner@example.com", given_name: "Olivia", family_name: "Owner" },
  });
  const inside = (path, body) => api(`organizations/${organization.id}/${path}`, body);

  const demo = await inside("projects", { name: "Demo", roles: ["Engineer"] });
  await inside("projects", { name: "Web-Shop EU" });
  await inside(`projects/${demo.id}/teams`, { name: "Platform" });

  await member("Ada", "Admin", "Admin");
  await member("Max", "Miller", "Member");
  await member("Mia", "Moreau", "Member");
  await member("Noor", "Nasser", "Member");
  return organization.id;

  function member(given_name, family_name, org_role) {
    const user_name = `${given_name}.${family_name}@example.com`.toLowerCase();
    return inside("members", { user_name, given_name, family_name, org_role });
  }
}

/** Makes a SCIM key for an organization; it cannot be shown again. */
export async function newKey(api, organization) {
  const { key } = await api(`organizations/${organization}/keys`, {});
  return key;
}
