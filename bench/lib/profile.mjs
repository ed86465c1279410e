// What a processor profile says.

const RUST = /^(?:<(?:&|mut |dyn |\(|\[)*)?([a-z_0-9]+(?:::[a-z_0-9]+)*)/;

/** What functions do, by the beginning of their path in Rust; the first that fits counts. */
const AREAS = [
  ["finding the key", /^(sha2|digest|directory::key|scim_edge::auth)/],
  ["the log: lines and entries", /^scim_edge::(redaction|audit|d1::audit_log)/],
  ["SQL and parameters", /^scim_edge::d1::(statement|tenant|users|groups|memberships|list|filter|batch)/],
  ["batches and their results", /^scim_edge::(d1|kv|runtime)/],
  ["request, address and routes", /^(url|idna|form_urlencoded|percent_encoding|matchit|http|scim_edge::http)/],
  ["rules of the directory and of SCIM", /^(directory|scim_protocol|scim_edge::scim_api|unicode)/],
  ["JSON", /^(serde_json|serde_core|indexmap|hashbrown|ryu|itoa)/],
  ["crossing to JavaScript", /^(wasm_bindgen|js_sys|web_sys|worker|serde_wasm_bindgen|__wb|__extern)/],
  ["memory and formatting", /^(alloc|core|std|dlmalloc|compiler_builtins|__rust|__rdl|mem)/],
];

/**
 * How long functions took themselves, in milliseconds.
 * @returns `{ times, millis }`: times by `{ name, url }`, and their sum without idle time
 */
export function selfTimes({ nodes, samples, timeDeltas }) {
  const frames = new Map();
  const byNode = new Map(nodes.map(({ id, callFrame }) => [id, frameOf(frames, callFrame)]));
  const times = new Map();
  let millis = 0;
  samples.forEach((node, k) => {
    const frame = byNode.get(node);
    if (frame.name === "(idle)" || frame.name === "(root)") return;
    const time = timeDeltas[k] / 1000;
    millis += time;
    times.set(frame, (times.get(frame) ?? 0) + time);
  });
  return { times, millis };
}

/** Equal frames are one object. */
function frameOf(frames, { functionName, url }) {
  const name = functionName.replace(/::h[0-9a-f]{16}\b/, "").replace(/\[[0-9a-f]{16}\]/g, "") || "(without a name)";
  const key = `${url} ${name}`;
  if (!frames.has(key)) frames.set(key, { name, url });
  return frames.get(key);
}

/** What a function does. */
export function areaOf({ name, url }) {
  if (url.startsWith("wasm:")) {
    const path = RUST.exec(name)?.[1] ?? name;
    return AREAS.find(([, pattern]) => pattern.test(path))?.[0] ?? "other WebAssembly";
  }
  if (url.startsWith("cloudflare-internal:")) return "the runtime's client of D1";
  if (url.startsWith("node-internal:")) return "the runtime's console and timers";
  if (url.endsWith("floor.js")) return "the floor's own code";
  if (url !== "" || name.includes("wasm")) return "crossing to JavaScript";
  return name.startsWith("(") ? `V8: ${name}` : "calls of the runtime";
}
