// The built Worker, of which a test can hold one request between two of its round trips to the database: the request
// waits before the batch with the number that its header says, as long as the test likes. Nothing else is changed.
import Worker from "./index.js";

const HEADER = "x-test-hold"; // "<name> <number of the batch, from 1; 0: none>"

export default {
  fetch(request, env, ctx) {
    const hold = request.headers.get(HEADER);
    return new Worker(ctx, hold ? holding(env, ...hold.split(" ")) : env).fetch(request);
  },
};

function holding(env, name, number) {
  let batches = 0;
  const batch = async (statements) => {
    batches++;
    await env.KV.put(`test:${name}:batches`, String(batches));
    if (batches === Number(number)) {
      await env.KV.put(`test:${name}`, "held");
      while ((await env.KV.get(`test:${name}`)) === "held") await scheduler.wait(5);
    }
    return env.DB.batch(statements);
  };
  const prepare = (sql) => env.DB.prepare(sql);
  const own = { __proto__: null, batch, prepare };
  const DB = new Proxy(env.DB, { get: (database, property) => own[property] ?? database[property] });
  return new Proxy(env, { get: (bindings, property) => (property === "DB" ? DB : bindings[property]) });
}
