// The first requests of an identity provider, when an administrator saves the address and the key.

import { OKTA, rfc7644, rfc9110 } from "../rules.mjs";

export const connection = {
  part: "connection",
  client: "Okta",
  steps: {
    test: ["answers Test Connector Configuration", testConnector],
    "content-type": ["answers with SCIM's media type", contentType],
    accept: ["takes every Accept header", accept],
    "no-key": ["refuses a request without a key", noKey],
  },
};

async function testConnector(play) {
  await play.stage.cast();
  const answer = await play.okta.list("/Users", { startIndex: 1, count: 2 });
  const resources = play.list(answer);
  play.must(
    rfc7644("3.4.2.4"),
    "A page has at most as many resources as count asks for.",
    resources.length <= 2,
    resources.length,
  );
  play.list(await play.okta.list("/Groups", { startIndex: 1, count: 100 }));
}

async function contentType(play) {
  const { status, headers } = await play.okta.list("/Users", { startIndex: 1, count: 1 });
  const type = headers["content-type"] ?? "";
  const isJson = /^application\/(scim\+)?json\b/i.test(type);
  play.must(
    rfc7644("3.1"),
    "The answer is application/scim+json, or at least application/json.",
    isJson,
    `${status}, ${type}`,
  );
  if (!isJson) return;
  const text = "A request that accepts application/scim+json gets it.";
  play.should(rfc7644("3.1"), text, /^application\/scim\+json\b/i.test(type), type);
}

async function accept(play) {
  for (const Accept of ["application/scim+json", "application/scim+json; charset=utf-8", "application/json", "*/*"]) {
    const { status } = await play.okta.get("/Users?startIndex=1&count=1", { headers: { Accept } });
    play.must(OKTA.connector, `Accept: ${Accept} is answered 200.`, status === 200, status);
  }
}

async function noKey(play) {
  const answer = await play.okta.get("/Users?startIndex=1&count=1", { authorization: null });
  const isRefused = answer.status === 401;
  play.must(rfc7644("2"), "A request without a key is answered 401.", isRefused, answer.status);
  if (!isRefused) return;
  const text = "A 401 names the authentication scheme in WWW-Authenticate.";
  play.should(rfc9110("11.6.1"), text, "www-authenticate" in answer.headers, undefined);
}
