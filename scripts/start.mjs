// npm start: the Worker on this machine, from a fresh clone to a SCIM endpoint with a demo organization.
// It serves the released Worker in deploy/ if that fits the sources, and else compiles one.
import { createServer } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runningAt } from "./lib/instance.mjs";
import { node22 } from "./lib/npm.mjs";
import { root } from "./lib/paths.mjs";
import { main, Problem, run } from "./lib/run.mjs";
import { workerFolder } from "./lib/worker-folder.mjs";

const USAGE = `npm start -- [--port N] [--new-key] [--reset] [--build] [--install-system-packages]

  --port N    serve on 127.0.0.1:N instead of 8787
  --new-key   make another SCIM key for the demo organization and show it
  --reset     throw away the local data and begin anew
  --build     compile the Worker, even if the compiled one in deploy/ fits the sources
  --install-system-packages
              install with apt-get what compiling needs and this machine lacks`;

await main(async () => {
  process.chdir(root);
  const options = readOptions();
  if (options.help) return console.log(USAGE);
  const running = await runningAt();
  if (running && (options.reset || !options["new-key"])) {
    throw new Problem(
      `This checkout is being served at ${running} already: stop that one first, with Ctrl-C where it runs.` +
        (options.reset ? " Only then --reset can throw away its data." : ""),
    );
  }
  if (!running) await checkPort(options.port);
  // The running one makes the key.
  const worker = running ? undefined : await workerFolder(options.build);
  stopWithParent();
  // The server ends when the channel to this process closes, so that nothing can leave it behind.
  const stdio = ["inherit", "inherit", "inherit", "ipc"];
  return run(node22(), [join(root, "scripts/lib/serve.mjs"), JSON.stringify({ ...options, running, worker })], {
    stdio,
  });
});

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "8787" },
        "new-key": { type: "boolean", default: false },
        reset: { type: "boolean", default: false },
        build: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new Error(`--port ${values.port} is no port number.`);
    return { ...values, port };
  } catch (error) {
    throw new Problem(`${error.message}\n\n${USAGE}`);
  }
}

/** npm runs this in a shell that ends when npm gets a signal, and passes no signal on. */
function stopWithParent() {
  const parent = process.ppid;
  const look = () => process.ppid === parent || process.kill(process.pid, "SIGTERM");
  if (process.env.npm_lifecycle_event) setInterval(look, 500).unref();
}

/** Reported before the minutes of compiling, not after. */
function checkPort(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", ({ code }) => {
      const reason = code === "EADDRINUSE" ? "is taken by another program" : `cannot be opened (${code})`;
      reject(
        new Problem(`Port ${port} ${reason}: choose another, e.g. npm start -- --port ${port === 8788 ? 8789 : 8788}`),
      );
    });
    server.listen(port, "127.0.0.1", () => server.close(resolve));
  });
}
