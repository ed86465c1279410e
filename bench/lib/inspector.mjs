// A client of workerd's inspector: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/

const INTERVAL = 250; // microseconds between samples

export class Inspector {
  /** The inspector of a Worker, by the URL of workerd's. */
  static async of(url, worker) {
    const targets = await (await fetch(new URL("/json", url.replace("ws:", "http:")))).json();
    const { webSocketDebuggerUrl } = targets.find(({ id }) => id === `core:user:${worker}`);
    const inspector = new Inspector(new WebSocket(webSocketDebuggerUrl));
    await inspector.opened;
    return inspector;
  }

  constructor(socket) {
    const { promise, resolve, reject } = Promise.withResolvers();
    this.socket = socket;
    this.opened = promise;
    this.waiting = [];
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("The inspector of workerd cannot be reached."));
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      this.waiting[message.id]?.(message.result);
    };
  }

  async start() {
    await this.call("Profiler.enable");
    await this.call("Profiler.setSamplingInterval", { interval: INTERVAL });
    await this.call("Profiler.start");
  }

  /** @returns a profile in the form of the protocol */
  async stop() {
    return (await this.call("Profiler.stop")).profile;
  }

  close() {
    this.socket.close();
  }

  call(method, params = {}) {
    const { promise, resolve } = Promise.withResolvers();
    const id = this.waiting.push(resolve) - 1;
    this.socket.send(JSON.stringify({ id, method, params }));
    return promise;
  }
}
