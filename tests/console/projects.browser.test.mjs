// Projects, roles and teams in a browser, and the groups that the identity provider sees of them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertStatus, memberIds } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { assertAccessible, assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { assertDone, assertOnlyRefusals, assertRefused, signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

const button = (page, name) => page.getByRole("button", { name, exact: true });
const link = (page, name) => page.locator("main").getByRole("link", { name, exact: true });
const rows = (page) => page.locator("main tbody tr td:first-child").allInnerTexts();

/** What SCIM has of groups: id by name. */
async function groups({ okta }) {
  const all = await okta.importAll("/Groups");
  return Object.fromEntries(all.map(({ displayName, id }) => [displayName, id]));
}

/** An organization with a project Demo, whose page is open. */
async function demo() {
  const organization = await createOrganization(worker);
  const project = await organization.addProject("Demo", ["Engineer"]);
  const page = await signedIn(browser, worker);
  await visit(page, organization, `projects/${project.id}`);
  return { organization, project, page };
}

/** Opens a form of the page, fills its field, and sends it. */
async function send(page, summary, name, { label, text }) {
  const maker = page.locator("details.maker", { has: page.locator("summary", { hasText: summary }) });
  if (!(await maker.getAttribute("open").then((open) => open !== null))) await maker.locator("summary").click();
  await maker.getByLabel(label).fill(text);
  return submit(page, button(maker, name));
}

/** Goes to the page on which what was just done is undone, and carries it out. */
async function undo(page) {
  await submit(page, page.locator(".notice.good").getByRole("link", { name: "Undo", exact: true }));
  await submit(page, page.getByRole("button", { name: /^Undo / }));
  await page.locator("#run[data-status=finished]").waitFor();
}

describe("a project", () => {
  test("is created with roles, each a group", options, async () => {
    const organization = await createOrganization(worker);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "projects");
    await page.getByText("There is no project yet").waitFor();
    const create = async (name, roles) => {
      await page.locator("#new-project").fill(name);
      await page.getByLabel("Custom roles").fill(roles);
      return submit(page, button(page, "Create"));
    };
    await assertRefused(
      page,
      await create("Web Shop", "Engineer, admin"),
      400,
      /"admin" is named twice, or is built in/,
    );
    assert.equal(await page.getByLabel("Custom roles").inputValue(), "Engineer, admin");
    await create("Web Shop", "Engineer, Data Analyst");
    await assertDone(page, /Web Shop.*project is created/);
    assert.equal(await page.locator("h1").innerText(), "Web Shop");
    const names = ["Admin", "Data Analyst", "Engineer", "Member", "Read-Only"];
    assert.deepEqual(
      Object.keys(await groups(organization)).sort(),
      names.map((name) => `Statsig-Web Shop-${name}`),
    );
    await assertOnlyRefusals(page, 400);
  });

  test("is renamed, and its groups with it, under their ids, and back", options, async () => {
    const { organization, page } = await demo();
    const before = await groups(organization);
    const taken = await send(page, "Rename the project", "Rename", { label: "New name", text: " " });
    await assertRefused(page, taken, 400, /name/);
    await send(page, "Rename the project", "Rename", { label: "New name", text: "Shop" });
    await assertDone(page, /Shop.*renamed/);
    const after = await groups(organization);
    assert.deepEqual(
      after,
      Object.fromEntries(Object.entries(before).map(([name, id]) => [name.replace("Demo", "Shop"), id])),
    );
    await page.getByText("Statsig-Shop-Engineer", { exact: true }).waitFor();
    await undo(page);
    assert.deepEqual(await groups(organization), before);
    await assertOnlyRefusals(page, 400);
  });

  test("disappears from SCIM when it is archived, and comes back empty under the same ids", options, async () => {
    const { organization, page } = await demo();
    const { okta } = organization;
    const { id } = await organization.createUser("ada@okta.local");
    const before = await groups(organization);
    const engineers = before["Statsig-Demo-Engineer"];
    assertStatus(await okta.patch(`/Groups/${engineers}`, operation.addMembers([id])), 204);
    const archive = (text) => send(page, "Archive the project", "Archive", { label: "Type Demo to confirm", text });
    await assertRefused(page, await archive("Dem"), 400, /type "Demo" to confirm/);
    assert.deepEqual(await groups(organization), before);
    // The page first says what it takes.
    const taken = await archive("Demo");
    await assertRefused(page, taken, 409, /takes the roles in this project from 1 of 2 people, with 1 membership\./);
    assert.deepEqual(await groups(organization), before);
    await submit(page, button(page, "Archive Demo"));
    await assertDone(page, /Demo.*archived/);
    assert.deepEqual(await groups(organization), {});
    assert.deepEqual((await organization.user(id)).groups ?? [], []);
    await visit(page, organization, "projects");
    assert.deepEqual(await rows(page), []);
    await page.getByLabel("Archived").selectOption("only");
    await submit(page, button(page, "Search"));
    assert.deepEqual(await rows(page), ["Demo archived"]);
    await submit(page, link(page, "Demo"));
    await submit(page, button(page, "Restore"));
    await assertDone(page, /Demo.*is restored/);
    assert.deepEqual(await groups(organization), before);
    assert.deepEqual(memberIds(await organization.group(engineers)), []);
    await assertOnlyRefusals(page, 400, 409);
  });
});

test("projects are searched, sorted and turned, and stay so in the address", options, async () => {
  const organization = await createOrganization(worker);
  for (let number = 0; number < 30; number++)
    await organization.addProject(`Project ${String(number).padStart(2, "0")}`);
  const groupOf = (name) => organization.groupNamed(`Statsig-${name}-Member`);
  const [ada, ben] = await organization.createUsers(2);
  const push = async (name, ids) => {
    const { id } = await groupOf(name);
    assertStatus(await organization.okta.patch(`/Groups/${id}`, operation.addMembers(ids)), 204);
  };
  await push("Project 07", [ada.id, ben.id]);
  await push("Project 21", [ada.id]);
  const page = await signedIn(browser, worker);
  await visit(page, organization, "projects");
  await page.getByLabel("On a page").selectOption("25");
  await submit(page, button(page, "Search"));
  assert.equal((await rows(page)).length, 25);
  assert.match(await page.locator("nav.turning").innerText(), /1–25 of 30/);
  await submit(page, link(page, "Next"));
  assert.deepEqual(
    await rows(page),
    ["25", "26", "27", "28", "29"].map((number) => `Project ${number}`),
  );
  await submit(page, link(page, "Previous"));
  assert.equal((await rows(page))[0], "Project 00");
  await page.getByLabel("Sorted by").selectOption("people");
  await submit(page, button(page, "Search"));
  assert.deepEqual((await rows(page)).slice(0, 3), ["Project 07", "Project 21", "Project 00"]);
  assert.match(await page.locator("main tbody tr").first().innerText(), /Project 07\s+2\s+3\s+0\s+.*UTC/);
  await page.getByLabel("Sorted by").selectOption("pushed");
  await page.getByLabel("Name contains").fill("PROJECT 2");
  await submit(page, button(page, "Search"));
  assert.deepEqual((await rows(page)).slice(0, 2), ["Project 21", "Project 20"]);
  assert.equal((await rows(page)).length, 10);
  assert.match(page.url(), /search=PROJECT\+2.*sort=pushed|sort=pushed.*search=PROJECT\+2/);
  await assertAccessible(page);
  await assertNoComplaints(page);
});

test("a role is added, renamed and deleted, each of which is undone", options, async () => {
  const { organization, page, project } = await demo();
  const { okta } = organization;
  await send(page, "Add a role", "Add role", { label: "Name of the role", text: "Reviewer" });
  await assertDone(page, /Reviewer.*role is created/);
  const { "Statsig-Demo-Reviewer": reviewers } = await groups(organization);
  const again = await send(page, "Add a role", "Add role", { label: "Name of the role", text: "reviewer" });
  await assertRefused(page, again, 409, /exists already/);
  assert.equal(await page.getByLabel("Name of the role").inputValue(), "reviewer");
  const { id } = await organization.createUser("ada@okta.local");
  assertStatus(await okta.patch(`/Groups/${reviewers}`, operation.addMembers([id])), 204);

  await visit(page, organization, `projects/${project.id}`);
  await submit(page, link(page, "Rename or delete the role Reviewer"));
  await assertAccessible(page);
  await send(page, "Rename the role", "Rename", { label: "New name", text: "Auditor" });
  await assertDone(page, /Auditor.*renamed/);
  assert.equal((await groups(organization))["Statsig-Demo-Auditor"], reviewers);
  await undo(page);
  assert.equal((await groups(organization))["Statsig-Demo-Reviewer"], reviewers);
  const { roles } = await organization.admin.get(organization.path(`/projects/${project.id}`));
  assert.deepEqual(
    roles.map(({ name }) => name),
    ["Admin", "Member", "Read-Only", "Engineer", "Reviewer"],
  );

  await visit(page, organization, `projects/${project.id}/roles/${reviewers}`);
  await page.getByText("Delete the role").click();
  assert.match(await page.locator("main").innerText(), /The identity provider pushes to it: its next push fails/);
  const deletion = await send(page, "Delete the role", "Delete", {
    label: "Type Reviewer to confirm",
    text: "Reviewer",
  });
  await assertRefused(page, deletion, 409, /takes the roles in this project from 1 of 2 people, with 1 membership\./);
  await submit(page, button(page, "Delete the role Reviewer"));
  await assertDone(page, /Reviewer.*deleted/);
  assert.equal(await page.locator("h1").innerText(), "Demo");
  assert.ok(!("Statsig-Demo-Reviewer" in (await groups(organization))));
  await undo(page);
  assert.equal((await groups(organization))["Statsig-Demo-Reviewer"], reviewers);
  assert.deepEqual(memberIds(await organization.group(reviewers)), [id]);
  await assertOnlyRefusals(page, 409, 409);
});

test("a role that every project has is neither renamed nor deleted", options, async () => {
  const { organization, page, project } = await demo();
  const { "Statsig-Demo-Member": members } = await groups(organization);
  await visit(page, organization, `projects/${project.id}/roles/${members}`);
  await page.getByText("Every project has this role").waitFor();
  assert.equal(await page.locator("main details").count(), 0);
  await assertNoComplaints(page);
});

test("a team is found over SCIM, shows who is in it and since when it is pushed, and is deleted", options, async () => {
  const { organization, page, project } = await demo();
  const { okta } = organization;
  await send(page, "Add a team", "Add team", { label: "Name of the team", text: "Platform" });
  await assertDone(page, /Platform.*team is created/);
  const group = await organization.groupNamed("Statsig-Demo-Platform-Member");
  const admins = await organization.groupNamed("Statsig-Demo-Platform-Admin");
  const row = page.locator("tr", { has: page.getByRole("link", { name: "Platform", exact: true }) });
  assert.match(await row.innerText(), /Platform\s+0\s+Admins of Platform\s+0\s+Members of Platform\s+never/);

  const { id } = await organization.createUser("ada@okta.local");
  assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([id])), 204);
  await page.reload();
  assert.match(await row.innerText(), /Platform\s+0\s+Admins of Platform\s+1\s+Members of Platform\s+.*UTC/);
  await submit(page, link(page, "Platform"));
  await assertAccessible(page);
  const member = page.getByRole("region", { name: "Member" });
  assert.match(await member.innerText(), /People\s+1/);
  await member.getByRole("link", { name: "ada@okta.local" }).waitFor();
  assert.match(
    await page.getByRole("region", { name: "Admin" }).innerText(),
    /People\s+0\s[\s\S]*No person has this role/,
  );
  const team = new URL(page.url()).pathname;
  await submit(page, member.getByRole("link", { name: "Member", exact: true }));
  await page.getByRole("table").getByRole("link", { name: "ada@okta.local", exact: true }).waitFor();
  assert.match(await page.locator("dl.facts").innerText(), /Platform/);
  const push = /Members added by key \S+: \+\sada@okta\.local \(1\smember\)/;
  assert.match(await page.locator("#history .deeds > li").first().innerText(), push);
  await submit(page, page.getByRole("link", { name: /^Search in \d/ }));
  assert.match(
    await page.locator("#entries .deeds > li").first().innerText(),
    /Members added Demo · Platform · Member group/,
  );

  await page.goto(team);
  await send(page, "Rename the team", "Rename", { label: "New name", text: "Core" });
  await assertDone(page, /Core.*renamed/);
  const renamed = await groups(organization);
  assert.deepEqual([renamed["Statsig-Demo-Core-Member"], renamed["Statsig-Demo-Core-Admin"]], [group.id, admins.id]);
  await undo(page);
  assert.equal((await groups(organization))["Statsig-Demo-Platform-Member"], group.id);

  await page.goto(team);
  const deletion = await send(page, "Delete the team", "Delete", {
    label: "Type Platform to confirm",
    text: "platform",
  });
  await assertRefused(page, deletion, 409, /takes the roles in this team from 1 of 2 people, with 1 membership\./);
  await submit(page, button(page, "Delete the team Platform"));
  await assertDone(page, /Platform.*deleted/);
  assert.equal(await page.locator("h1").innerText(), "Demo");
  const left = await groups(organization);
  assert.ok(!Object.values(left).includes(group.id) && !Object.values(left).includes(admins.id));
  assert.deepEqual((await organization.user(id)).groups ?? [], []);
  await undo(page);
  assert.deepEqual(memberIds(await organization.group(group.id)), [id]);
  assert.equal(project.name, "Demo");
  await assertOnlyRefusals(page, 409);
});

test("where one was in a long list of teams, one is after adding one", options, async () => {
  const { organization, page, project } = await demo();
  for (let number = 10; number < 40; number++) await organization.addTeam(project.id, `Team ${number}`);
  await page.reload();
  assert.match(await page.getByRole("region", { name: "Teams" }).innerText(), /1–25 of 30/);
  await submit(page, page.getByRole("region", { name: "Teams" }).getByRole("link", { name: "Next", exact: true }));
  await send(page, "Add a team", "Add team", { label: "Name of the team", text: "Team 99" });
  await assertDone(page, /Team 99.*team is created/);
  assert.equal(new URL(page.url()).searchParams.get("skip"), "25");
  await link(page, "Team 99").waitFor();
  await page.getByLabel("Name of the team").first().fill("team 1");
  await submit(page, button(page, "Search"));
  const teams = page.getByRole("region", { name: "Teams" }).locator("tbody tr td:first-child");
  assert.deepEqual(
    await teams.allInnerTexts(),
    Array.from({ length: 10 }, (_, i) => `Team 1${i}`),
  );
  await assertNoComplaints(page);
});

test("plain groups are listed, searched and sorted", options, async () => {
  const organization = await createOrganization(worker, { settings: { plain_groups: true }, projects: { Demo: [] } });
  const { okta } = organization;
  const [ada, ben] = await organization.createUsers(2);
  for (const [displayName, members] of [
    ["Alpha", [ada]],
    ["Beta", []],
    ["Gamma", [ada, ben]],
  ]) {
    const body = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName };
    const { id } = assertStatus(await okta.post("/Groups", body), 201);
    const ids = members.map((member) => member.id);
    if (ids.length > 0) assertStatus(await okta.patch(`/Groups/${id}`, operation.addMembers(ids)), 204);
  }
  const page = await signedIn(browser, worker);
  await visit(page, organization, "projects");
  await submit(page, link(page, "Plain groups"));
  assert.deepEqual(await rows(page), ["Alpha", "Beta", "Gamma"]);
  await page.getByLabel("Sorted by").selectOption("people");
  await submit(page, button(page, "Search"));
  assert.deepEqual(await rows(page), ["Gamma", "Alpha", "Beta"]);
  assert.match(await page.locator("main tbody tr").first().innerText(), /Gamma\s+2\s+.*UTC/);
  await page.getByLabel("Name contains").fill("MMA");
  await submit(page, button(page, "Search"));
  assert.deepEqual(await rows(page), ["Gamma"]);
  await assertAccessible(page);
  await submit(page, link(page, "Gamma"));
  assert.equal(await page.locator("h1").innerText(), "Gamma");
  await assertNoComplaints(page);
});
