// Deployments without npm run deploy: by wrangler alone, from the folder deploy/, without an account, and on this
// machine.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, cpSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { node22 } from "../../scripts/lib/npm.mjs";
import { root } from "../../scripts/lib/paths.mjs";
import { eventually } from "../helpers/assert.mjs";
import { ADMIN_TOKEN, useDeployment } from "../helpers/deployment.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { addWebhook, startReceiver } from "../helpers/receiver.mjs";
import { withoutLogin } from "../helpers/wrangler.mjs";

const deployment = useDeployment();

/** What a shell makes of a command; the parts have no spaces within. */
const words = (command) => command.split(/\s+/).map((word) => word.replace('""', ""));

/** Runs commands that begin with `npx wrangler`, and asserts that all succeed. */
async function runAll(commands, options) {
  for (const command of commands) {
    const [npx, name, ...args] = words(command);
    assert.deepEqual([npx, name], ["npx", "wrangler"]);
    const input = args.includes("secret") ? ADMIN_TOKEN : undefined;
    const { status, output } = await deployment.wrangler(args, { ...options, input });
    assert.equal(status, 0, `${command}\n${output}`);
  }
}

async function assertHealthy(name) {
  const { account } = deployment;
  assert.deepEqual(account.unknown, []);
  const health = await account.fetch(name, "/healthz");
  assert.equal(health.status, 200, await health.text());
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  assert.equal((await account.fetch(name, "/console/api/organizations", { headers })).status, 200);
}

/** deploy/ as a repository of its own. */
function folderAlone() {
  const folder = `${deployment.folder}-alone`;
  cpSync(join(root, "deploy"), folder, { recursive: true, filter: (path) => !/node_modules|\.wrangler/.test(path) });
  cpSync(join(root, "build"), join(folder, "build"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

describe("--dry-run", () => {
  for (const [args, worker] of [
    [[], "scim-edge"],
    [["--env", "staging", "--jurisdiction", "eu"], "scim-edge-staging"],
  ]) {
    test(`${args.join(" ")} needs no login, changes nothing, and prints commands that do the rest`, async () => {
      await deployment.newAccount();
      const { account } = deployment;
      const env = { CLOUDFLARE_API_TOKEN: undefined, ADMIN_TOKEN: undefined };
      const { status, output } = await deployment.deploy(["--dry-run", ...args], { env });
      assert.equal(status, 0, output);
      assert.deepEqual(account.requests, []);
      assert.match(output, /Total Upload: .*Nothing was changed/s);

      const commands = [...output.matchAll(/^ {2}(npx wrangler .*?)(?: +#.*)?$/gm)].map(([, command]) => command);
      assert.equal(commands.length, 4);
      await runAll(commands);
      await assertHealthy(worker);
      assert.deepEqual([...account.workers.keys()], [worker]);
      assert.deepEqual(
        [...account.databases.map(({ name }) => name), ...account.namespaces.map(({ title }) => title)],
        [worker, `${worker}-kv`],
      );
      // What wrangler made alone, npm run deploy finds again.
      const again = await deployment.deploy(args.filter((each) => !/jurisdiction|eu/.test(each)));
      assert.equal(again.status, 0, again.output);
      assert.ok(!account.changes().slice(-10).includes("POST /storage/kv/namespaces"));
      assert.deepEqual([account.databases.length, account.namespaces.length], [1, 1]);
    });
  }
});

describe("the folder deploy/", () => {
  let folder;
  before(() => (folder = folderAlone()));
  after(() => rmSync(folder, { recursive: true }));

  test("deploys by its own scripts", async () => {
    await deployment.newAccount();
    await runAll(["npx wrangler d1 create scim-edge"], { cwd: folder });
    const { status, output } = await deployment.npm(["run", "deploy"], folder);
    assert.equal(status, 0, output);
    await runAll(["npx wrangler secret put ADMIN_TOKEN"], { cwd: folder });
    await assertHealthy("scim-edge");
  });

  test("deploys without an account, for an hour", async () => {
    await deployment.newAccount();
    // The temporary account is kept in the home directory.
    const { HOME, XDG_CONFIG_HOME } = withoutLogin();
    const env = { CLOUDFLARE_API_TOKEN: undefined, HOME, XDG_CONFIG_HOME };
    await runAll(
      [
        "npx wrangler deploy --temporary",
        "npx wrangler d1 migrations apply DB --remote --temporary",
        "npx wrangler secret put ADMIN_TOKEN --temporary",
      ],
      { cwd: folder, env },
    );
    await assertHealthy("scim-edge");
  });
});

describe("wrangler dev alone", () => {
  test("serves with the example of .dev.vars copied, and delivers webhooks to this machine", async () => {
    const { folder } = deployment;
    copyFileSync(join(folder, ".dev.vars.example"), join(folder, ".dev.vars"));
    const [, token] = /^ADMIN_TOKEN=(.*)$/m.exec(readFileSync(join(folder, ".dev.vars"), "utf8"));
    const program = join(root, "node_modules/wrangler/wrangler-dist/cli.js");
    const child = spawn(node22(), [program, "dev", "--port", "0", "--ip", "127.0.0.1"], {
      cwd: folder,
      env: { ...withoutLogin(), PATH: `${dirname(node22())}:${process.env.PATH}` },
      detached: true,
    });
    let output = "";
    try {
      const address = await new Promise((resolve, reject) => {
        const read = (data) => {
          output += data;
          const [, found] = /Ready on (http:\/\/[\d.:]+)/.exec(output) ?? [];
          if (found) resolve(found);
        };
        for (const stream of [child.stdout, child.stderr]) stream.on("data", read);
        child.on("close", () => reject(new Error(output)));
      });
      assert.equal((await fetch(`${address}/healthz`)).status, 200);
      assert.equal((await fetch(`${address}/console`)).status, 401);
      const headers = { authorization: `Bearer ${token}` };
      assert.equal((await fetch(`${address}/console/api/organizations`, { headers })).status, 200);
      const organization = await createOrganization({ url: address, adminToken: token });
      const receiver = await startReceiver({ answer: () => ({ status: 200, delay: 2_200 }) });
      const webhook = await addWebhook(organization, receiver);
      await organization.addMember("ann@okta.local");
      await eventually(() => assert.equal(receiver.taken().length, 1));
      // To a slow receiver only the cron trigger delivers, which wrangler dev runs by hand.
      await eventually(async () => {
        const { attempts } = await organization.admin.get(organization.path(`/webhooks/${webhook.id}/attempts`));
        assert.equal(attempts.length, 1);
      });
      await organization.addMember("bob@okta.local");
      await sleep(3_000);
      assert.equal(receiver.taken().length, 1);
      assert.equal((await fetch(`${address}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*`)).status, 200);
      await eventually(() => assert.equal(receiver.taken().length, 2));
    } finally {
      process.kill(-child.pid, "SIGKILL");
    }
  });
});
