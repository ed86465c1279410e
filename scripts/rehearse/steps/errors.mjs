// Requests that a server has to refuse, and in which form.

import { SCHEMA } from "../../../tests/helpers/schema.mjs";
import { rfc7643, rfc7644 } from "../rules.mjs";

export const errors = {
  part: "errors",
  client: "Any client",
  steps: {
    "broken-json": ["refuses a body that is no JSON", brokenJson],
    "no-user-name": ["refuses a person without userName", noUserName],
    "unknown-path": ["refuses a PATCH whose path is none", unknownPath],
    "no-such-endpoint": ["answers an unknown endpoint in SCIM's form", noSuchEndpoint],
  },
};

async function brokenJson(play) {
  const answer = await play.okta.post("/Users", '{"schemas": [');
  play.error(rfc7644("3.12"), answer, 400, { scimType: "invalidSyntax", scimTypeLevel: "should" });
}

async function noUserName(play) {
  const answer = await play.okta.post("/Users", {
    schemas: [SCHEMA.user],
    name: { givenName: "No", familyName: "Name" },
  });
  play.error(rfc7643("4.1.1"), answer, 400, { scimType: "invalidValue", scimTypeLevel: "should" });
}

async function unknownPath(play) {
  const { id } = await play.stage.person("oin");
  const answer = await play.okta.patch(`/Users/${id}`, { op: "replace", path: "conductor[", value: "x" });
  play.error(rfc7644("3.5.2"), answer, 400, { scimType: "invalidPath", scimTypeLevel: "should" });
}

async function noSuchEndpoint(play) {
  const answer = await play.okta.get("/Conductors");
  const isRefused = answer.status === 404 || answer.status === 501;
  play.must(rfc7644("3.12"), "An endpoint that does not exist is answered 404.", isRefused, answer.status);
  const isScim = answer.body?.schemas?.includes?.(SCHEMA.error);
  play.should(rfc7644("3.12"), "The answer is an error in SCIM's form.", isScim, answer.text.slice(0, 200));
}
