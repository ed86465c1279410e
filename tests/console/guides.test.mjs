// The guides for administrators as the Worker serves them, and the pages that link to them.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const GUIDES = ["okta", "entra", "troubleshooting", "what-happened"];

/** The page at that address of the console, as an administrator gets it; without credentials if `isPublic`. */
async function page(path, { isPublic = false } = {}) {
  const headers = isPublic ? {} : { Authorization: `Bearer ${worker.adminToken}` };
  const answer = await send("GET", `${worker.url}${path}`, { headers });
  assert.equal(answer.status, 200, `${path} -> ${answer.status}`);
  return answer;
}

const linksOf = (html) => [...html.matchAll(/<a href="([^"]+)"/g)].map(([, link]) => link);
const guideLinks = (html) => linksOf(html).filter((link) => /^(?:\/console\/guides\/|#)/.test(link));

let organization;
before(async () => {
  await worker.started;
  organization = await createOrganization(worker, { projects: { Demo: [] } });
});

/** Asserts that each link to a guide, or to a heading of the page itself, leads to something. */
async function assertLinksLead(html, own) {
  for (const link of guideLinks(html)) {
    const [path, anchor] = link.split("#");
    const target = path === "" ? { text: html } : await page(path, { isPublic: true });
    if (anchor && anchor !== "main") assert.ok(target.text.includes(` id="${anchor}"`), `${own} links to ${link}`);
  }
}

for (const name of GUIDES) {
  test(`the guide ${name} is served without sign-in, and its links lead somewhere`, async () => {
    const { text, headers } = await page(`/console/guides/${name}`, { isPublic: true });
    assert.match(headers["content-type"], /^text\/html/);
    assert.match(headers["content-security-policy"], /default-src 'none'/);
    assert.ok(!/<img|\.md["#]|docs\/screenshots/.test(text), "a picture or a file of the repository");
    assert.match(text, /<h1 id="/);
    assert.ok(linksOf(text).length > 3);
    await assertLinksLead(text, name);
  });
}

test("pages of an organization link to the guides", async () => {
  const expected = {
    keys: ["okta", "entra"],
    projects: ["okta", "entra"],
    log: ["troubleshooting", "what-happened"],
    undo: ["what-happened"],
    brake: ["what-happened"],
  };
  for (const [name, guides] of Object.entries(expected)) {
    const { text } = await page(`/console${organization.path(`/${name}`)}`);
    for (const guide of guides)
      assert.ok(text.includes(`"/console/guides/${guide}`), `${name} does not link to ${guide}`);
    await assertLinksLead(text, name);
  }
});

test("there is no other guide", async () => {
  for (const name of ["deploy", "okta.md", "", "okta/more"]) {
    const answer = await send("GET", `${worker.url}/console/guides/${name}`);
    assert.ok([302, 303, 401, 404].includes(answer.status), `${name} -> ${answer.status}`);
  }
  assert.equal((await send("GET", `${worker.url}/console/guides/deploy`)).status, 404);
  assert.equal((await send("POST", `${worker.url}/console/guides/okta`)).status, 405);
});
