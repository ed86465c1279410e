// Entity tags, where the server declares them.

import { rfc7644 } from "../rules.mjs";

const RULE = rfc7644("3.14");

export const versions = {
  part: "versions",
  client: "Any client",
  steps: {
    etag: ["shows the version of a person", etag],
    "not-modified": ["answers 304 where nothing has changed", notModified],
    precondition: ["refuses a write to an outdated version", precondition],
  },
};

async function versionOf(play, id) {
  const answer = await play.okta.get(`/Users/${id}`);
  const body = play.answers(RULE, answer, 200);
  return { header: answer.headers.etag, inBody: body.meta?.version, body };
}

async function etag(play) {
  await play.declared("etag");
  const [ada] = await play.stage.cast();
  const { header, inBody } = await versionOf(play, ada.id);
  play.must(RULE, "The answer has an ETag header.", header !== undefined, header);
  play.must(RULE, "meta.version is the ETag.", inBody === header, `${inBody}, and the header is ${header}`);
}

async function notModified(play) {
  await play.declared("etag");
  const [ada] = await play.stage.cast();
  const { header } = await versionOf(play, ada.id);
  const { status } = await play.okta.get(`/Users/${ada.id}`, { headers: { "If-None-Match": header ?? 'W/"none"' } });
  play.should(RULE, "GET with If-None-Match of this version is answered 304.", status === 304, status);
}

async function precondition(play) {
  await play.declared("etag");
  const [ada] = await play.stage.cast();
  const old = await versionOf(play, ada.id);
  play.answers(RULE, await play.okta.put(`/Users/${ada.id}`, { ...old.body, title: `Version ${Date.now()}` }), 200);
  const current = await versionOf(play, ada.id);
  play.must(RULE, "A change of the person gives another version.", current.header !== old.header, current.header);
  const headers = { "If-Match": old.header ?? 'W/"none"' };
  const answer = await play.okta.put(`/Users/${ada.id}`, { ...current.body, title: "Lost update" }, { headers });
  play.error(RULE, answer, 412);
  const { body } = await versionOf(play, ada.id);
  play.must(RULE, "A refused write changes nothing.", body.title === current.body.title, body.title);
}
