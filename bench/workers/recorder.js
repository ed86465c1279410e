// The built Worker with its database and its KV namespace wrapped: GET /recorded returns its calls since the last time.
import Worker from "./index.js";

let steps = []; // each a list of calls that were made at the same time
let waiting = 0;

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/recorded") {
      const recorded = steps;
      steps = [];
      return Response.json(recorded);
    }
    const bindings = { DB: wrap(env.DB, database(env.DB)), KV: wrap(env.KV, namespace(env.KV)) };
    return new Worker(ctx, { ...env, ...bindings }).fetch(request);
  },
};

/** Records a call and waits for its result. */
async function noted(what, asked) {
  if (waiting === 0) steps.push([]);
  steps.at(-1).push(what);
  waiting += 1;
  try {
    return await asked;
  } finally {
    waiting -= 1;
  }
}

/** An object with some methods replaced; it keeps its class, which the Worker checks. */
function wrap(object, methods) {
  return new Proxy(object, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return methods[name];
      const value = target[name];
      return typeof value === "function" && name !== "constructor" ? value.bind(target) : value;
    },
  });
}

function database(db) {
  const known = new WeakMap();
  return {
    prepare: (sql) => ({
      bind(...params) {
        const statement = db.prepare(sql).bind(...params);
        known.set(statement, { sql, params });
        return statement;
      },
    }),
    async batch(statements) {
      const what = { batch: statements.map((statement) => known.get(statement)) };
      const results = await noted(what, db.batch(statements));
      what.found = results.map(({ results: [row] }) => columnsOf(row));
      return results;
    },
  };
}

/** The columns of a row that a later statement may bind; a body is only returned. */
function columnsOf(row) {
  const { body: _, ...columns } = row ?? {};
  return columns;
}

function namespace(kv) {
  return {
    get: (key, options) => noted({ get: key, options }, kv.get(key, options)),
    put: (key, value, options) => noted({ put: key, value, options }, kv.put(key, value, options)),
  };
}
