// The built Worker, which tells at /memory how many bytes of memory its WebAssembly has. They never become fewer.
import "./memory-hook.js";
import Worker from "./index.js";

export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/memory")
      return new Response(String(globalThis.wasmMemory.buffer.byteLength));
    return new Worker(ctx, env).fetch(request);
  },
};
