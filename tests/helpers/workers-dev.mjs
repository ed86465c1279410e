// Loaded into npm run deploy by a test: addresses under workers.dev are those of the account that the test plays.
const send = globalThis.fetch;

globalThis.fetch = (address, init = {}) => {
  const url = new URL(address);
  if (!url.hostname.endsWith(".workers.dev")) return send(address, init);
  const headers = { ...init.headers, "x-workers-dev": url.hostname };
  return send(`${process.env.WORKERS_DEV_AT}${url.pathname}${url.search}`, { ...init, headers });
};
