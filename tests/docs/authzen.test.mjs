// docs/guides/authzen.md: its requests get what it says, and its table has the defaults.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct } from "../helpers/product.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const guide = readFileSync(new URL("../../docs/guides/authzen.md", import.meta.url), "utf8");

test("the requests of the guide for checks are answered as it says", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const product = await createProduct(organization, { scopes: ["check"] });
  const { id } = await organization.createUser("max.miller@example.com");
  const { projects } = await organization.admin.get(organization.path("/projects"));
  const group = projects[0].roles.find(({ name }) => name === "Member").group;
  await organization.admin.call("PUT", organization.path(`/groups/${group.id}/members/${id}`), {}, 200);
  const answers = {};
  for (const [, name, request] of guide.matchAll(/<!-- example: (\S+) -->\n```http\n([\s\S]*?)```/g)) {
    const [head, body] = request.split("\n\n");
    const [line, ...headers] = head.split("\n");
    assert.equal(line, `POST /access/v1/${name}`);
    assert.deepEqual(headers, ["Authorization: Bearer scimp-…", "Content-Type: application/json"]);
    const asked = JSON.parse(body);
    let answer = await product.call("POST", `/access/v1/${name}`, asked);
    const results = [...(answer.results ?? [])];
    while (answer.page?.next_token) {
      const page = { ...asked.page, token: answer.page.next_token };
      answer = await product.call("POST", `/access/v1/${name}`, { ...asked, page });
      results.push(...answer.results);
    }
    answers[name] = name.startsWith("search/") ? results : answer;
  }
  const shown = JSON.parse(/```json\n([\s\S]*?)```/.exec(guide)[1]);
  shown.context.reason.through[0].group_id = group.id;
  assert.deepEqual(answers.evaluation, shown);
  assert.deepEqual(
    answers.evaluations.evaluations.map(({ decision }) => decision),
    [true, false],
  );
  assert.deepEqual(answers["search/subject"], [{ type: "user", id }]);
});

test("the table of the guide for checks has what roles allow by default", async () => {
  const organization = await createOrganization(worker);
  const { roles } = await organization.admin.get(organization.path("/permissions"));
  const rows = [...guide.matchAll(/^\| (?:the|a) (\w+) \| ([\w-]+) \| (.*) \|$/gm)];
  const names = (text) => [...text.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  const members = names(rows.find(([, of, role]) => of === "project" && role === "Member")[3]);
  for (const { on, role, permissions } of roles) {
    const [, , , text] = rows.find(([, of, name]) => of === on && name === role);
    const listed = text.startsWith("those of Member") ? [...members, ...names(text)] : names(text);
    assert.deepEqual(listed, permissions, `${on} ${role}`);
  }
});
