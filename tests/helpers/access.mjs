// A Cloudflare Access team on this machine: it signs tokens and serves its public keys.

import { createSign, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after } from "node:test";
import { send } from "./http.mjs";
import { useWorker } from "./worker.mjs";

export const AUDIENCE = "4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2";

/** A pair of RSA keys under a name. */
export function keyPair(kid) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = { kid, ...publicKey.export({ format: "jwk" }), alg: "RS256", use: "sig" };
  return { kid, publicKey, privateKey, jwk };
}

export const encode = (value) =>
  (Buffer.isBuffer(value) ? value : Buffer.from(typeof value === "string" ? value : JSON.stringify(value))).toString(
    "base64url",
  );

/** A token, signed with a key in RS256 whatever its header says. */
export function sign(header, payload, { privateKey }) {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${encode(createSign("sha256").update(signed).sign(privateKey))}`;
}

/** Seconds since the epoch. */
export const now = () => Math.floor(Date.now() / 1000);

export class AccessTeam {
  /** @param keys the pairs whose public keys are served; may change */
  constructor(...keys) {
    this.keys = keys;
    this.requests = [];
    this.server = createServer((request, response) => {
      this.requests.push(request.url);
      this.answer(request, response);
    });
    this.answer = this.serveKeys;
  }

  static async start(...keys) {
    const team = new AccessTeam(...keys);
    team.server.listen(0, "127.0.0.1");
    await once(team.server, "listening");
    team.url = `http://127.0.0.1:${team.server.address().port}`;
    return team;
  }

  /** What is answered unless a test sets `answer` to something else. */
  serveKeys(request, response) {
    if (request.url !== "/cdn-cgi/access/certs") return response.writeHead(404).end();
    response.setHeader("Content-Type", "application/json");
    response.end(this.document());
  }

  /** The document as Access has it: with the same keys as certificates beside them. */
  document() {
    return JSON.stringify({
      keys: this.keys.map(({ jwk }) => jwk),
      public_cert: { kid: "x", cert: "y" },
      public_certs: [],
    });
  }

  /** The claims of an application token. */
  claims(changes = {}) {
    return {
      aud: [AUDIENCE],
      email: "ann@example.com",
      exp: now() + 3600,
      iat: now(),
      nbf: now(),
      iss: this.url,
      type: "app",
      identity_nonce: "6ei69kawdKzMIAPF",
      sub: "7335d417-61da-459d-899c-0a01c76a2f94",
      country: "US",
      ...changes,
    };
  }

  /** A valid token with these changes of its claims; `undefined` removes a claim. */
  token(changes, key = this.keys[0]) {
    return sign({ alg: "RS256", kid: key.kid, typ: "JWT" }, this.claims(changes), key);
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/**
 * A team that serves the keys, and a Worker behind it (see useWorker). It is awaited outside of any test, since the
 * Worker gets the team's address when it starts.
 */
export async function behindAccess(...keys) {
  const team = await AccessTeam.start(...keys);
  after(() => team.close());
  const vars = { ACCESS_TEAM: team.url, ACCESS_AUDIENCE: AUDIENCE, OPERATORS: "ann@example.com" };
  return { team, worker: useWorker({ vars }) };
}

/**
 * A call of the admin API with an assertion and without an Authorization header; by default it lists organizations.
 */
export function call(worker, assertion, { method = "GET", path = "/organizations", body, headers } = {}) {
  const assertions = assertion === undefined ? {} : { "Cf-Access-Jwt-Assertion": assertion };
  return send(method, `${worker.url}/console/api${path}`, { headers: { ...assertions, ...headers }, body });
}
