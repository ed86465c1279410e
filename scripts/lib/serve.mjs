// The part of `npm start` that needs Node 22: the data, the Worker, what the reader has to know, and the log.
import { adminApi, makeDemo, newKey } from "./demo.mjs";
import { greeting } from "./greeting.mjs";
import { announce } from "./instance.mjs";
import { openWorker, runCrons } from "./local-worker.mjs";
import { migrateLocal } from "./migrations.mjs";
import { main, Problem } from "./run.mjs";
import { adminToken, beginState, data, organization, tokenFile } from "./state.mjs";

/** WEBHOOK_TARGETS=any in the environment lets webhooks deliver to this machine. */
const WEBHOOK_TARGETS = process.env.WEBHOOK_TARGETS ? { WEBHOOK_TARGETS: process.env.WEBHOOK_TARGETS } : {};
const options = JSON.parse(process.argv[2]);

await main(async () => {
  process.on("disconnect", () => process.exit(1)); // the process that started this one was killed
  process.channel.unref();
  if (options.running)
    return console.log(`SCIM key: ${await newKey(adminApi(options.running, adminToken()), organization())}`);
  const fresh = beginState(options);
  await announce(`http://127.0.0.1:${options.port}`);
  let quiet = fresh; // the requests that make the demo are not shown
  const worker = await start((line) => quiet || console.log(line));
  await migrateLocal(await worker.database());
  const api = adminApi(worker.url, adminToken());
  if (fresh) await makeDemo(api);
  const key = fresh || options["new-key"] ? await newKey(api, organization()) : undefined;
  console.log(greeting({ url: worker.url, key, tokenFile }));
  quiet = false;
});

async function start(log) {
  const onLog = ({ level, message }) => (level === "error" ? console.error(message) : log(message));
  try {
    const worker = await openWorker({
      from: options.worker,
      folder: data,
      port: options.port,
      bindings: { ADMIN_TOKEN: adminToken(), ...WEBHOOK_TARGETS },
      onLog,
    });
    stopWhenTold(worker);
    runCrons(worker);
    return worker;
  } catch (error) {
    if (error.code !== "ERR_ADDRESS_IN_USE") throw error;
    throw new Problem(
      `Port ${options.port} has just been taken by another program: choose another with npm start -- --port N`,
    );
  }
}

function stopWhenTold(worker) {
  let stopping = false; // Ctrl-C comes twice: from the terminal, and passed on by the parent process
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.removeAllListeners(signal); // Miniflare's, which exit before workerd has closed its files
    process.on(signal, async () => {
      if (stopping) return;
      stopping = true;
      await worker.close();
      process.exit(0);
    });
  }
}
