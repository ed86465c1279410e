// npm run rehearse against this Worker: nothing fails.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createOrganization } from "../helpers/organization.mjs";
import { complaints, rehearsalOf, stepsThat } from "../helpers/rehearse.mjs";
import { useWorker } from "../helpers/worker.mjs";

describe("a rehearsal against this Worker", () => {
  const worker = useWorker();

  const against = ({ okta, key }, options) => rehearsalOf({ base: okta.base, key: key.key, ...options });

  test("passes with the default settings, where groups are those of a team", async () => {
    const organization = await createOrganization(worker, { projects: { "Web-Shop EU": [] } });
    const before = await organization.dump();
    const report = await against(organization);
    const warned = ["okta-put.user-name", "groups-put.rename", "groups-oin.rename"];
    assert.deepEqual(stepsThat("failed", report), [], complaints(report));
    assert.deepEqual(stepsThat("warned", report), warned, complaints(report));
    assert.deepEqual(stepsThat("skipped", report), ["groups.create"]);
    assert.deepEqual([report.left, report.lists], [[], []]);
    assert.deepEqual(await organization.dump(), before, "something is left behind");
  });

  test("passes with open groups, managed mail and a mail domain of its own, without a project", async () => {
    const settings = { plain_groups: true, email_management: true, mail_domains: ["okta.local", "rehearsal.example"] };
    const organization = await createOrganization(worker, { settings });
    const report = await against(organization, { mailDomain: "rehearsal.example" });
    assert.deepEqual(stepsThat("failed", report), [], complaints(report));
    assert.deepEqual(stepsThat("warned", report), [], complaints(report));
    assert.deepEqual(stepsThat("skipped", report), ["teams.life", "teams.project"]);
  });

  test("says what to do where a mail domain is not allowed, or there is no project", async () => {
    const organization = await createOrganization(worker, { settings: { mail_domains: ["okta.local"] } });
    const reasons = ({ steps }) => steps.map(({ verdict, reason }) => `${verdict}: ${reason}`).join("\n");
    const people = await against(organization, { only: ["connection.test"] });
    assert.match(reasons(people), /failed: The server did not make a throw-away person: 400, .*--mail-domain/s);
    const groups = await against(organization, { only: ["groups.lookup"], mailDomain: "okta.local" });
    assert.match(reasons(groups), /failed: The server did not make a throw-away group: 400, /);
  });

  test("makes the team in the project that is asked for", async () => {
    const organization = await createOrganization(worker, { projects: { "Web-Shop EU": [], Demo: [] } });
    const report = await against(organization, { only: ["teams.life"], project: "Demo" });
    const [{ verdict, exchanges }] = report.steps;
    assert.equal(verdict, "passed", complaints(report));
    const names = exchanges.flatMap(({ method, requestBody }) => (method === "POST" ? [requestBody.displayName] : []));
    assert.match(names.join(), /Statsig-Demo-Rehearsal \w+ Team-Member/);
    assert.doesNotMatch(names.join(), /Web-Shop/);
  });
});
