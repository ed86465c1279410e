// SCIMMY of npm behind HTTP, with people and groups in memory: the handlers that its documentation asks for.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import SCIMMY from "scimmy";

const KEY = "the-key-of-scimmy";
const BASE = "/scim";
const STATUS = { POST: 201, DELETE: 204 };

/** Starts it on a free port. */
export async function startScimmy() {
  const { User, Group } = SCIMMY.Resources;
  User.extend(SCIMMY.Schemas.EnterpriseUser, false);
  SCIMMY.Resources.declare(User, { basepath: BASE, ...handlers("userName") });
  SCIMMY.Resources.declare(Group, { basepath: BASE, ...handlers("displayName") });
  for (const feature of ["patch", "filter", "sort"]) SCIMMY.Config.set(feature, true);
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    base: `http://127.0.0.1:${server.address().port}${BASE}`,
    key: KEY,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** How a type of resources is kept; `unique` is the attribute that names one. */
function handlers(unique) {
  const kept = new Map();
  return {
    egress({ id, filter }) {
      if (id && !kept.has(id)) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
      if (id) return kept.get(id);
      return filter ? filter.match([...kept.values()]) : [...kept.values()];
    },
    ingress(resource, instance) {
      if (resource.id && !kept.has(resource.id)) {
        throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
      }
      const { id = randomUUID() } = resource;
      const known = kept.get(id);
      for (const other of kept.values()) {
        if (other.id !== id && other[unique] === instance[unique]) {
          throw new SCIMMY.Types.Error(409, "uniqueness", `${instance[unique]} exists.`);
        }
      }
      const now = new Date().toISOString();
      const meta = { created: known?.meta.created ?? now, lastModified: now };
      kept.set(id, { ...JSON.parse(JSON.stringify(instance)), id, meta });
      return kept.get(id);
    },
    degress({ id }) {
      if (!kept.delete(id)) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
    },
  };
}

async function answer(request, response) {
  try {
    if (request.headers.authorization !== `Bearer ${KEY}`) throw new SCIMMY.Types.Error(401, null, "The key is wrong.");
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const [, , endpoint, id] = pathname.split("/").map(decodeURIComponent);
    const done = await perform(request, endpoint, id, queryOf(searchParams));
    const status = done === undefined ? 204 : (STATUS[request.method] ?? 200);
    const location = done?.meta?.location;
    send(response, status, done, location === undefined ? {} : { location });
  } catch (error) {
    const refusal = error instanceof SyntaxError ? new SCIMMY.Types.Error(400, "invalidSyntax", error.message) : error;
    send(response, refusal.status ?? 500, new SCIMMY.Messages.Error(refusal));
  }
}

async function perform(request, endpoint, id, query) {
  const { Schema, ResourceType, ServiceProviderConfig } = SCIMMY.Resources;
  const types = [Schema, ResourceType, ServiceProviderConfig, ...Object.values(SCIMMY.Resources.declared())];
  const Type = types.find((each) => each.endpoint === `/${endpoint}`);
  if (!Type) throw new SCIMMY.Types.Error(404, null, "Endpoint Not Found");
  const resource = new Type(...(id ? [id] : []), query);
  if (request.method === "GET") return resource.read();
  if (request.method === "DELETE") return resource.dispose();
  const body = await json(request);
  return request.method === "PATCH" ? resource.patch(body) : resource.write(body);
}

function queryOf(parameters) {
  const query = Object.fromEntries(parameters);
  for (const name of ["startIndex", "count"]) if (name in query) query[name] = Number(query[name]);
  return query;
}

function send(response, status, content, headers = {}) {
  const type = content === undefined ? {} : { "content-type": "application/scim+json" };
  response.writeHead(status, { ...type, ...headers });
  response.end(content === undefined ? undefined : JSON.stringify(content));
}
