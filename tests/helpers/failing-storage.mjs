// Requests of each kind to a Worker whose storage fails as the request says; see tests/fixtures/failing-storage.js.

import { readFileSync } from "node:fs";
import { oktaGroup, oktaUser, operation, person } from "./bodies.mjs";
import { send } from "./http.mjs";
import { SCHEMA } from "./schema.mjs";

/** Modules for startWorker. */
export const failingStorage = () => ({
  "failing-storage.js": {
    type: "esm",
    contents: readFileSync(new URL("../fixtures/failing-storage.js", import.meta.url), "utf8"),
  },
});

const patchOp = (...Operations) => ({ schemas: [SCHEMA.patch], Operations });
let made = 0;

/**
 * Each kind of request: how many batches it takes, its status, and its method, path and body, for which it may first
 * create a resource. `check` resolves with whether the change was made.
 */
export const KINDS = {
  "GET of a user": [1, 200, async (_, { user }) => ["GET", `/Users/${user.id}`]],
  "GET of a group": [1, 200, async (_, { group }) => ["GET", `/Groups/${group.id}`]],
  "a list": [1, 200, async () => ["GET", "/Users?count=2"]],
  "a filtered list": [1, 200, async () => ["GET", `/Users?filter=${encodeURIComponent('title co "x"')}`]],
  "a list of groups": [1, 200, async () => ["GET", "/Groups"]],
  "a look-up": [
    1,
    200,
    async (_, { user }) => ["GET", `/Users?filter=${encodeURIComponent(`userName eq "${user.userName}"`)}`],
  ],
  "a search": [1, 200, async () => ["POST", "/.search", { schemas: [SCHEMA.search], count: 3 }]],
  "POST of a user": [
    1,
    201,
    async (o) => {
      const userName = `new${++made}@okta.local`;
      const check = async () => Boolean(await o.userNamed(userName).catch(() => undefined));
      return ["POST", "/Users", oktaUser(person(userName)), check];
    },
  ],
  "PUT of a user": [
    2,
    200,
    async (o) => {
      const user = await o.createUser(`put${++made}@okta.local`);
      const check = async () => (await o.user(user.id)).title === "T";
      return ["PUT", `/Users/${user.id}`, { ...user, title: "T" }, check];
    },
  ],
  "PATCH of a user": [
    2,
    200,
    async (o) => {
      const { id } = await o.createUser(`patch${++made}@okta.local`);
      const check = async () => (await o.user(id)).active === false;
      return ["PATCH", `/Users/${id}`, patchOp(operation.active(false)), check];
    },
  ],
  "DELETE of a user": [
    2,
    204,
    async (o) => {
      const { id } = await o.createUser(`delete${++made}@okta.local`);
      return ["DELETE", `/Users/${id}`, undefined, async () => (await o.okta.get(`/Users/${id}`)).status === 404];
    },
  ],
  "POST of a group": [
    2,
    201,
    async (o, { user }) => {
      const name = `Group ${++made}`;
      const check = async () => Boolean(await o.groupNamed(name).catch(() => undefined));
      return ["POST", "/Groups", oktaGroup(name, [user.id]), check];
    },
  ],
  "PATCH of a group": [
    2,
    204,
    async (o, { user }) => {
      const { body } = await o.okta.post("/Groups", oktaGroup(`Group ${++made}`));
      const check = async () => (await o.group(body.id)).members?.length === 1;
      return ["PATCH", `/Groups/${body.id}`, patchOp(operation.addMembers([user.id])), check];
    },
  ],
  "PUT of a group": [
    2,
    200,
    async (o, { user }) => {
      const name = `Group ${++made}`;
      const { body } = await o.okta.post("/Groups", oktaGroup(name));
      const check = async () => (await o.group(body.id)).members?.length === 1;
      return ["PUT", `/Groups/${body.id}`, oktaGroup(name, [user.id]), check];
    },
  ],
  "DELETE of a group": [
    2,
    204,
    async (o) => {
      const { body } = await o.okta.post("/Groups", oktaGroup(`Group ${++made}`));
      return [
        "DELETE",
        `/Groups/${body.id}`,
        undefined,
        async () => (await o.okta.get(`/Groups/${body.id}`)).status === 404,
      ];
    },
  ],
  "a bulk request": [
    2,
    200,
    async (o) => {
      const userName = `bulk${++made}@okta.local`;
      const check = async () => Boolean(await o.userNamed(userName).catch(() => undefined));
      const Operations = [{ method: "POST", path: "/Users", bulkId: "a", data: oktaUser(person(userName)) }];
      return ["POST", "/Bulk", { schemas: [SCHEMA.bulk], Operations }, check];
    },
  ],
  "a call of the console that reads": [1, 200, async (o) => ["GET", `/console/api${o.path("/members")}`]],
  "a call of the console that writes": [
    2,
    201,
    async (o) => {
      const user_name = `console${++made}@okta.local`;
      const check = async () => Boolean(await o.userNamed(user_name).catch(() => undefined));
      return ["POST", `/console/api${o.path("/members")}`, { user_name }, check];
    },
  ],
  "a page of the console": [1, 200, async (o) => ["GET", `/console${o.path("/members")}`]],
};

/** Sends a request of a kind, with storage as `plan` says. */
export async function sendWith(organization, plan, [method, path, body], headers = {}) {
  const { url, adminToken } = organization.worker;
  const isScim = !path.startsWith("/console");
  const token = isScim ? organization.okta.key : adminToken;
  return send(method, `${url}${isScim ? "/scim" : ""}${path}`, {
    headers: {
      Authorization: `Bearer ${token}`,
      "X-Storage": JSON.stringify(plan),
      ...(body === undefined ? {} : { "Content-Type": isScim ? "application/scim+json" : "application/json" }),
      ...headers,
    },
    body,
  });
}
