// HEAD is GET without the body (RFC 9110 section 9.3.2), on the SCIM addresses and on the console's.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { serverTiming } from "../../helpers/assert.mjs";
import { oktaGroup } from "../../helpers/bodies.mjs";
import { send } from "../../helpers/http.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

/** What differs from one answer to the next, whatever was asked. */
function comparable({ date, "server-timing": timing, connection, "keep-alive": alive, ...headers }) {
  return headers;
}

/** Asserts that HEAD is answered with the status and the headers of GET, and no body. */
async function assertLikeGet(url, headers, status) {
  const get = await send("GET", url, { headers });
  const head = await send("HEAD", url, { headers });
  assert.equal(get.status, status, `GET ${url}: ${get.text}`);
  assert.equal(head.status, status, `HEAD ${url}`);
  assert.equal(head.text, "");
  assert.deepEqual(comparable(head.headers), comparable(get.headers), url);
  return { get, head };
}

async function furnished() {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { id } = await organization.createUser("ada@okta.local");
  const group = await organization.groupNamed("Statsig-Demo-Member");
  await organization.okta.put(`/Groups/${group.id}`, oktaGroup(group.displayName, [id]));
  return { organization, user: `/Users/${id}`, group: `/Groups/${group.id}` };
}

describe("HEAD of a SCIM address", () => {
  test("has the status and the headers of GET, with Content-Length and ETag", async () => {
    const { organization, user, group } = await furnished();
    const filter = encodeURIComponent('userName eq "ada@okta.local"');
    for (const root of ["/scim", "/scim/v2"]) {
      for (const path of [
        "",
        "/Users",
        user,
        `${user}?attributes=userName`,
        `/Users?filter=${filter}`,
        "/Users?count=0",
        "/Groups",
        group,
        "/ServiceProviderConfig",
        "/ResourceTypes",
        "/ResourceTypes/User",
        "/Schemas",
        `/Schemas/${SCHEMA.user}`,
      ]) {
        const url = `${new URL(worker.url).origin}${root}${path}`;
        const { get, head } = await assertLikeGet(url, { Authorization: `Bearer ${organization.key.key}` }, 200);
        assert.equal(Number(head.headers["content-length"]), Buffer.byteLength(get.text), url);
        if ([user, group].includes(path)) assert.match(head.headers.etag, /^W\/"\d+"$/);
        assert.deepEqual(serverTiming(head).round_trips, serverTiming(get).round_trips);
      }
    }
  });

  test("is refused where GET is, and needs no key where GET needs none", async () => {
    const { organization, user } = await furnished();
    const { base } = organization.okta;
    const authorized = { Authorization: `Bearer ${organization.key.key}` };
    for (const [path, headers, status] of [
      [user, {}, 401],
      ["/Users", { Authorization: "Bearer scim-nonsense" }, 401],
      ["/Users/nobody", authorized, 404],
      ["/Users?filter=nonsense", authorized, 400],
      ["/Elsewhere", authorized, 404],
      ["/Me", authorized, 501],
      ["/ServiceProviderConfig", {}, 200],
    ]) {
      const { head } = await assertLikeGet(base + path, headers, status);
      assert.equal(head.headers["content-type"], "application/scim+json");
    }
  });

  test("says 304 where GET does", async () => {
    const { organization, user } = await furnished();
    const { headers } = await organization.okta.get(user);
    const conditional = { Authorization: `Bearer ${organization.key.key}`, "If-None-Match": headers.etag };
    await assertLikeGet(organization.okta.base + user, conditional, 304);
  });

  test("is named by Allow wherever GET is, and nowhere else", async () => {
    const { organization, user } = await furnished();
    for (const [path, allowed] of [
      ["", "GET, HEAD"],
      ["/Users", "GET, HEAD, POST"],
      [user, "GET, HEAD, PUT, PATCH, DELETE"],
      ["/Schemas", "GET, HEAD"],
      ["/Bulk", "POST"],
      ["/Users/.search", "POST"],
    ]) {
      const answer = await organization.okta.send("PROPFIND", path);
      assert.equal(answer.headers.allow, allowed, path);
      assert.match(answer.body.detail, new RegExp(`Allowed: ${allowed}\\.$`), path);
    }
    for (const path of ["/Bulk", "/Users/.search"]) {
      const url = organization.okta.base + path;
      await assertLikeGet(url, { Authorization: `Bearer ${organization.key.key}` }, 405);
    }
  });

  test("of a group whose members are read while the answer goes out reads none of them", async () => {
    const organization = await createOrganization(worker, { settings: { plain_groups: true } });
    const url = `${organization.okta.base}/Groups?excludedAttributes=members`;
    await assertLikeGet(url, { Authorization: `Bearer ${organization.key.key}` }, 200);
  });
});

describe("HEAD of the console", () => {
  test("has the status and the headers of GET, on pages, files and calls", async () => {
    const { organization } = await furnished();
    const { origin } = new URL(worker.url);
    const token = { Authorization: `Bearer ${worker.adminToken}` };
    const page = await send("GET", `${origin}/console/sign-in`);
    const [file] = /\/console\/assets\/console\.css[^"]*/.exec(page.text);
    for (const [path, headers, status] of [
      ["/console/sign-in", {}, 200],
      ["/console/organizations", {}, 401],
      ["/console/organizations", token, 200],
      [`/console/organizations/${organization.id}/keys`, token, 200],
      [file, {}, 200],
      ["/console/api/openapi.json", {}, 200],
      ["/console/api/organizations", {}, 401],
      ["/console/api/organizations", token, 200],
      [`/console/api/organizations/${organization.id}/members`, token, 200],
      ["/console/api/nowhere", token, 404],
      ["/elsewhere", {}, 404],
    ]) {
      const { get, head } = await assertLikeGet(origin + path, headers, status);
      assert.equal(Number(head.headers["content-length"]), Buffer.byteLength(get.text), path);
    }
    const answer = await send("PUT", `${origin}/console/sign-in`, { headers: token, body: "" });
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.allow, "GET, HEAD, POST");
    assert.match(answer.body.detail, /Allowed: GET, HEAD, POST\.$/);
  });
});
