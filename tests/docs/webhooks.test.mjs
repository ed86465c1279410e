// docs/guides/webhooks.md: each program that verifies a message runs on a message that the Worker has sent. Go and Ruby
// are fetched where this machine has none; Java runs where it has one.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { go, ruby } from "../../scripts/lib/languages.mjs";
import { root } from "../../scripts/lib/paths.mjs";
import { ask } from "../../scripts/lib/run.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { addWebhook, startReceiver } from "../helpers/receiver.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker({ vars: { WEBHOOK_TARGETS: "any" } });
const guide = readFileSync(join(root, "docs/guides/webhooks.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "scim-edge-verify-"));
after(() => rmSync(folder, { recursive: true }));

/** How a program becomes one that reads a message as JSON from its input, and prints whether it is good. */
const LANGUAGES = [
  {
    name: "js",
    file: "verify.mjs",
    program: () => ({ command: [process.execPath] }),
    rest: `import { readFileSync } from "node:fs";
const { secret, headers, text } = JSON.parse(readFileSync(0, "utf8"));
console.log(verify(secret, headers, text));`,
  },
  {
    name: "python",
    file: "verify.py",
    program: () => ({ command: ["python3"] }),
    rest: `import json, sys
given = json.load(sys.stdin)
print(str(verify(given["secret"], given["headers"], given["text"].encode())).lower())`,
  },
  {
    name: "java",
    file: "Webhooks.java",
    lacks: ask("java", ["--version"]) === undefined && "there is no java on this machine",
    program: () => ({ command: ["java"] }),
    // The first class of the file is the one that runs.
    into: (program, { secret, headers, text }) =>
      program.replace(
        "class Webhooks {",
        `class Webhooks {
  public static void main(String[] none) throws Exception {
    Map<String, String> headers = Map.of(${Object.entries(headers).flat().map(quoted).join(", ")});
    System.out.println(verify(${quoted(secret)}, headers, ${quoted(text)}));
  }`,
      ),
  },
  {
    name: "go",
    file: "verify.go",
    program: async () => {
      const { command, env } = await go();
      return { command: [...command, "run"], env };
    },
    into: (program, { secret, headers, text }) =>
      `${program.replace("package webhooks", "package main").replace("import (", 'import (\n\t"fmt"')}
func main() {
	header := http.Header{}
	${Object.entries(headers)
    .map(([name, value]) => `header.Set(${quoted(name)}, ${quoted(value)})`)
    .join("\n\t")}
	fmt.Println(Verify(${quoted(secret)}, header, []byte(${quoted(text)})))
}`,
  },
  {
    name: "ruby",
    file: "verify.rb",
    program: ruby,
    rest: `require "json"
given = JSON.parse($stdin.read)
puts verify(given["secret"], given["headers"], given["text"])`,
  },
];

const quoted = (text) => JSON.stringify(text);

describe("a message is verified in", () => {
  const good = {};

  before(async () => {
    const organization = await createOrganization(worker);
    const receiver = await startReceiver();
    const webhook = await addWebhook(organization, receiver);
    const path = organization.path(`/webhooks/${webhook.id}/test`);
    await organization.admin.call("POST", path, {}, 200);
    const [{ headers, text }] = receiver.messages;
    const own = Object.entries(headers).filter(([name]) => name.startsWith("webhook-"));
    Object.assign(good, { secret: webhook.secret, headers: Object.fromEntries(own), text });
  });

  for (const { name, file, lacks = false, program, rest, into } of LANGUAGES) {
    test(name, { skip: lacks }, async () => {
      const [, shown] = new RegExp(`\`\`\`${name}\n(.*?)\`\`\``, "s").exec(guide);
      const { command, env } = await program();
      const [executable, ...args] = [...command, file];
      const verdict = (message) => {
        writeFileSync(join(folder, file), into ? into(shown, message) : `${shown}\n${rest}\n`);
        const options = { cwd: folder, input: JSON.stringify(message), env: { ...process.env, ...env } };
        const { stdout, stderr, status, signal } = spawnSync(executable, args, options);
        assert.equal(status, 0, `${signal} ${stdout}${stderr}`);
        return `${stdout}`.trim();
      };
      const old = { ...good.headers, "webhook-timestamp": String(good.headers["webhook-timestamp"] - 301) };
      const both = { ...good.headers, "webhook-signature": `v1,AAAA ${good.headers["webhook-signature"]}` };
      assert.equal(verdict(good), "true");
      assert.equal(verdict({ ...good, headers: both }), "true", "during a rotation");
      assert.equal(verdict({ ...good, text: `${good.text} ` }), "false", "another body");
      assert.equal(verdict({ ...good, headers: old }), "false", "an old message");
    });
  }
});
