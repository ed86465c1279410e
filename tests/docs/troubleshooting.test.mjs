// docs/guides/troubleshooting.md quotes what this service really says: each quotation is provoked, or compared with the
// source where it takes an overload to provoke it.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { oktaGroup, oktaUser, operation, person } from "../helpers/bodies.mjs";
import { failingStorage } from "../helpers/failing-storage.mjs";
import { forgedKey } from "../helpers/forged-key.mjs";
import { send } from "../helpers/http.mjs";
import { quotations, read } from "../helpers/markdown.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const failing = useWorker({ modules: failingStorage() });
const limited = useWorker({ rateLimits: { KEY_REQUESTS: { limit: 1, period: 60 } } });
const besieged = useWorker({ rateLimits: { FAILED_SIGN_INS: { limit: 1, period: 60 } } });
const outdated = useWorker();
const closed = useWorker({ adminToken: null });
const guessable = useWorker({ adminToken: "short" });

const DOMAIN = "acme.example";
const ENGINEERS = "Statsig-Web Shop-Engineer";
const LIST = "/Users?startIndex=1&count=2";

let acme; // limited to its mail domain
let open; // any domain, and mail is managed
before(async () => {
  await worker.started;
  acme = await createOrganization(worker, { projects: { "Web Shop": ["Engineer"] } });
  await acme.configure({ mail_domains: [DOMAIN] });
  open = await createOrganization(worker, { projects: { "Web Shop": ["Engineer"] } });
});

const detail = async (answer) => {
  const { status, body, text } = await answer;
  assert.ok(status >= 400, `${status} ${text}`);
  return body.detail;
};
const user = (name, extra) => oktaUser(person(name), extra);
const created = async ({ okta }, name) => (await okta.post("/Users", user(name))).body;
const withHeader = (Authorization) => () => detail(open.okta.send("GET", LIST, undefined, { Authorization }));
const withKey = async (change) => {
  const key = await open.addKey();
  await change(key);
  return detail(open.okta.with({ key: key.key }).get(LIST));
};
const page = (of, path) => send("GET", `${of.url}/console/api${path}`);

/** The beginning of each quotation, and what makes the service say it. */
const PROVOKED = [
  ["The request has no Authorization header.", () => detail(send("GET", `${worker.url}/scim/Users`))],
  ["The Authorization header is not a bearer token.", withHeader("Basic dXNlcg==")],
  ['The token does not begin with "scim-".', withHeader("Bearer 00oktatoken")],
  ["The SCIM key is incomplete or too long", withHeader("Bearer scim-ABC")],
  ["The SCIM key is mistyped", () => withHeader(`Bearer scim-${"A".repeat(69)}`)()],
  ["The SCIM key <hint> is not known here.", () => withHeader(`Bearer ${forgedKey()}`)()],
  ["The SCIM key <hint> has been deactivated.", () => withKey(({ id }) => open.deactivateKey(id))],
  [
    "The SCIM key <hint> expired at",
    () =>
      withKey(({ id }) => worker.sql("UPDATE auth_keys SET expires_at = '2020-01-01T00:00:00.000Z' WHERE id = ?", id)),
  ],
  [
    "Too many requests from this address were refused",
    async () => {
      const wrong = () => send("GET", `${besieged.url}/scim/Users`, { headers: { Authorization: "Bearer scim-ABC" } });
      await wrong();
      return detail(wrong());
    },
  ],

  ["User <name> is not allowed to be created", () => detail(acme.okta.post("/Users", user("eve@elsewhere.example")))],
  [
    "User <name> would no longer belong",
    async () => {
      const organization = await createOrganization(worker, { settings: { email_management: true } });
      await organization.configure({ mail_domains: [DOMAIN] });
      const { id } = await created(organization, `ann@${DOMAIN}`);
      return detail(organization.okta.put(`/Users/${id}`, user("ann@elsewhere.example")));
    },
  ],
  [
    '"userName" cannot be changed over SCIM',
    async () => {
      const { id } = await created(open, "old@okta.local");
      return detail(open.okta.put(`/Users/${id}`, user("new@okta.local")));
    },
  ],
  [
    'userName "<name>" is already taken by user',
    async () => {
      await created(open, "twin@okta.local");
      return detail(open.okta.post("/Users", user("Twin@okta.local")));
    },
  ],
  [
    'userName "<name>" is taken by a member',
    async () => {
      await acme.addMember("guest", { confirm_no_address: true });
      const body = user("guest", { emails: [{ value: `guest@${DOMAIN}`, primary: true }] });
      return detail(acme.okta.post("/Users", body));
    },
  ],
  [
    "User <name> cannot be created",
    async () => {
      const organization = await createOrganization(worker, { settings: { user_limit: 1 } });
      return detail(organization.okta.post("/Users", user("second@okta.local")));
    },
  ],
  ['User "<id>" was not found.', () => detail(open.okta.get("/Users/unknown"))],

  [
    "Owner cannot be modified",
    async () => detail(open.okta.patch(`/Users/${(await open.owner()).id}`, operation.active(false))),
  ],
  [
    "Cannot set multiple owners",
    () => detail(open.okta.post("/Users", user("o@okta.local", { statsigOrgRole: "Owner" }))),
  ],
  [
    '"<value>" is not an organization role',
    () => detail(open.okta.post("/Users", user("r@okta.local", { statsigOrgRole: "Boss" }))),
  ],

  [
    '"displayName" cannot be changed over SCIM',
    async () => detail(open.okta.put(`/Groups/${(await open.groupNamed(ENGINEERS)).id}`, oktaGroup("Engineers"))),
  ],
  ["Project creation is not supported via SCIM, and", () => detail(open.okta.post("/Groups", oktaGroup("Engineers")))],
  [
    "Project creation is not supported via SCIM: no",
    () => detail(open.okta.post("/Groups", oktaGroup("Statsig-Shop-Admin"))),
  ],
  ['Project "Web Shop" has no role', () => detail(open.okta.post("/Groups", oktaGroup("Statsig-Web Shop-Boss")))],
  ['There is no team "<team>"', () => detail(open.okta.post("/Groups", oktaGroup("Statsig-Web Shop-Payments-Admin")))],
  ['A group named "<name>" exists already', () => detail(open.okta.post("/Groups", oktaGroup(ENGINEERS)))],
  [
    "Project deletion is not supported via SCIM",
    async () => detail(open.okta.delete(`/Groups/${(await open.groupNamed(ENGINEERS)).id}`)),
  ],
  [
    'No user has the id "<id>"',
    async () =>
      detail(open.okta.put(`/Groups/${(await open.groupNamed(ENGINEERS)).id}`, oktaGroup(ENGINEERS, ["gone"]))),
  ],
  [
    'The member "<id>" in "members" is a group.',
    async () => {
      const group = await open.groupNamed(ENGINEERS);
      return detail(open.okta.put(`/Groups/${group.id}`, oktaGroup(ENGINEERS, [group.id])));
    },
  ],
  ['Group "<id>" was not found.', () => detail(open.okta.get("/Groups/unknown"))],

  [
    "Nothing was changed: the access brake",
    async () => {
      const organization = await createOrganization(worker);
      const people = await organization.createUsers(30);
      const leave = ({ id }) => organization.okta.patch(`/Users/${id}`, operation.active(false));
      for (const one of people.slice(0, 26)) await leave(one);
      return detail(leave(people[27]));
    },
  ],
  [
    "Nothing was changed: admin token paused",
    async () => {
      const organization = await createOrganization(worker);
      await organization.admin.call("POST", organization.path("/pause"), {}, 200);
      return detail(organization.okta.post("/Users", user("late@okta.local")));
    },
  ],

  [
    "The SCIM key is used more often",
    async () => {
      const { okta } = await createOrganization(limited);
      await okta.get(LIST);
      return detail(okta.get(LIST));
    },
  ],
  [
    "The directory's storage is busy",
    async () => {
      const { okta } = await createOrganization(failing);
      const plan = JSON.stringify({
        failures: "all",
        message: "D1_ERROR: D1 DB is overloaded. Too many requests queued.",
      });
      return detail(okta.send("GET", LIST, undefined, { "X-Storage": plan }));
    },
  ],
  [
    "The body is larger than",
    () => detail(open.okta.post("/Users", user("large@okta.local", { title: "x".repeat(1_100_000) }))),
  ],
  ["There is no such SCIM endpoint.", () => detail(open.okta.get("/User"))],

  ["There is nothing at this address.", () => detail(send("GET", `${worker.url}/Users`))],
  [
    "The service's database is older",
    async () => {
      const { okta } = await createOrganization(outdated);
      await outdated.sql("DROP TABLE events");
      return detail(okta.post("/Users", user("old@okta.local")));
    },
  ],

  ["The console is switched off: this deployment has no", () => detail(page(closed, "/organizations"))],
  ["The console is switched off: this deployment's", () => detail(page(guessable, "/organizations"))],
  ['Send "Authorization: Bearer …"', () => detail(page(worker, "/organizations"))],
  [
    "There is no such organization",
    () =>
      detail(
        send("GET", `${worker.url}/console/api/organizations/5f0c1c1e-8a1b-4b7e-9d3a-0123456789ab`, {
          headers: { Authorization: `Bearer ${worker.adminToken}` },
        }),
      ),
  ],
];

/** The beginnings of quotations that only an overload or an upgrade provokes, and the file with the text. */
const IN_THE_SOURCE = [
  ["Other requests kept changing the resource", "src/http/refusal.rs"],
  ["The organization's people and groups are being prepared", "src/http/refusal.rs"],
  ["Too many lists of this organization", "src/http/refusal.rs"],
];

const quoted = quotations(read("docs/guides/troubleshooting.md"));

/** The quotation as a pattern of what the service says: each <…> stands for a part that differs. */
function pattern(quotation) {
  const literal = quotation.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replace(/<(?!Project|Member)[^<>]*>/g, ".+?")}$`);
}

/** The one quotation that begins so. */
function quotation(beginning) {
  const found = quoted.filter((text) => text.startsWith(beginning));
  assert.equal(found.length, 1, `${found.length} quotations begin with: ${beginning}`);
  return found[0];
}

test("every quotation is provoked or compared with the source", () => {
  const known = [...PROVOKED, ...IN_THE_SOURCE].map(([beginning]) => quotation(beginning));
  assert.deepEqual([...quoted].sort(), known.sort());
  assert.ok(quoted.length > 35);
});

for (const [beginning, provoke] of PROVOKED) {
  test(`quotes what the service says: ${beginning}`, async () => {
    assert.match(await provoke(), pattern(quotation(beginning)));
  });
}

for (const [beginning, file] of IN_THE_SOURCE) {
  test(`quotes ${file}: ${beginning}`, () => {
    const source = read(file)
      .replace(/\\\n\s+/g, "")
      .replaceAll('\\"', '"');
    assert.ok(source.includes(`"${quotation(beginning)}"`), quotation(beginning));
  });
}
