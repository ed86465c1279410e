// The built Worker before storage that fails or waits as the header X-Storage of a request says, as JSON:
//   failures  the numbers of the batches of the request that fail, the first is 1; "all" for all of them
//   message   what they fail with
//   after     whether a failing batch is carried out all the same, and only its answer lost
//   wait      milliseconds that each batch waits before it is sent
//   waitKv    milliseconds that KV waits before it is asked
// The batches themselves are the real database's.
import Worker from "./index.js";

const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

// The runtime's class has this name, by which the Worker knows the binding.
class D1Database {
  #real;
  #plan;
  #sent;

  constructor(real, plan, sent = { count: 0 }) {
    this.#real = real;
    this.#plan = plan;
    this.#sent = sent;
  }

  prepare(sql) {
    return this.#real.prepare(sql);
  }

  async batch(statements) {
    const { failures = [], message, after, wait } = this.#plan;
    const fails = failures === "all" || failures.includes(++this.#sent.count);
    if (wait) await sleep(wait);
    if (!fails) return this.#real.batch(statements);
    if (after) await this.#real.batch(statements);
    throw new Error(message);
  }

  withSession(anchor) {
    return new D1Database(this.#real.withSession(anchor), this.#plan, this.#sent);
  }

  getBookmark() {
    return this.#real.getBookmark();
  }
}

class Kv {
  constructor(real, wait) {
    this.real = real;
    this.wait = wait;
  }

  async get(...args) {
    await sleep(this.wait);
    return this.real.get(...args);
  }

  async put(...args) {
    await sleep(this.wait);
    return this.real.put(...args);
  }
}

export default {
  fetch(request, env, ctx) {
    const header = request.headers.get("X-Storage");
    if (!header) return new Worker(ctx, env).fetch(request);
    const plan = JSON.parse(header);
    const DB = new D1Database(env.DB, plan);
    const KV = plan.waitKv ? new Kv(env.KV, plan.waitKv) : env.KV;
    return new Worker(ctx, { ...env, DB, KV }).fetch(request);
  },
};
