// Comes before the built Worker, and notes the memory of the WebAssembly that it starts.
const { Instance } = WebAssembly;

WebAssembly.Instance = function noted(...args) {
  const made = new Instance(...args);
  globalThis.wasmMemory = made.exports.memory;
  return made;
};
WebAssembly.Instance.prototype = Instance.prototype;
