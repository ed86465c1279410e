// better-auth with its SCIM plugin, on SQLite, in a Node of its own: node better-auth.mjs <file> <key>; prints its
// port.
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { scim } from "@better-auth/scim";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";

const [file, token] = process.argv.slice(2);
const database = new DatabaseSync(file);
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");

const server = createServer();
server.listen(0, "127.0.0.1", async () => {
  const { port } = server.address();
  const auth = betterAuth({
    baseURL: `http://127.0.0.1:${port}`,
    secret: "a secret for a database that is thrown away",
    database,
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    plugins: [scim({ connections: [{ id: "bench", credentials: [{ type: "bearer", id: "bench", token }] }] })],
  });
  await (await getMigrations(auth.options)).runMigrations();
  server.on("request", toNodeHandler(auth));
  console.log(port);
});
process.on("disconnect", () => process.exit());
process.on("SIGTERM", () => {
  database.close(); // so that the file has everything
  process.exit();
});
