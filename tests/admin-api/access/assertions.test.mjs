// The console behind Cloudflare Access: which assertions in Cf-Access-Jwt-Assertion are accepted.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, describe, test } from "node:test";
import { AccessTeam, AUDIENCE, call, encode, keyPair, now, sign } from "../../helpers/access.mjs";
import { AdminApi, assertProblem } from "../../helpers/admin.mjs";
import { assertStatus } from "../../helpers/assert.mjs";
import { logText } from "../../helpers/storage.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const [first, second, stranger] = ["first", "second", "stranger"].map(keyPair);
// Started before the Worker, which gets its address.
const team = await AccessTeam.start(first, second);
after(() => team.close());
const OPERATORS = " Ann@Example.com, ,kim@example.com";
const vars = { ACCESS_TEAM: `${team.url}/`, ACCESS_AUDIENCE: AUDIENCE, OPERATORS };
const worker = useWorker({ vars });

const RS256 = { alg: "RS256", kid: "first", typ: "JWT" };

async function refused(assertion, detail, status = 401) {
  assertProblem(await call(worker, assertion), status, detail);
}

async function accepted(assertion) {
  assertStatus(await call(worker, assertion), 200);
}

describe("a good assertion", () => {
  test("lets an operator in, whatever the case of the email address", async () => {
    await accepted(team.token());
    for (const email of ["ANN@EXAMPLE.COM", "kim@example.com", " Kim@example.com "]) {
      await accepted(team.token({ email }));
    }
  });

  test("may be signed with any of the team's keys, and name one audience or several", async () => {
    await accepted(team.token({}, second));
    await accepted(team.token({ aud: AUDIENCE }));
    await accepted(team.token({ aud: ["other", AUDIENCE] }));
  });

  test("may omit the time of issue, and have fractions of seconds", async () => {
    await accepted(team.token({ nbf: undefined, iat: undefined }));
    await accepted(team.token({ exp: now() + 60.5, nbf: now() + 50, iat: now() - 0.5 }));
  });

  test("lets an operator change things", async () => {
    const body = { name: "Acme", owner: { user_name: "owner@okta.local" } };
    const headers = { "Content-Type": "application/json" };
    const made = await call(worker, team.token(), {
      method: "POST",
      body,
      headers: { ...headers, Origin: worker.url },
    });
    assertStatus(made, 201);
  });

  test("does not authenticate a page of another origin", async () => {
    for (const Origin of ["https://evil.example", "null", `${worker.url}0`]) {
      const answer = await call(worker, team.token(), { method: "POST", body: {}, headers: { Origin } });
      assertProblem(answer, 403, /not sent by a page of this console/);
    }
  });

  test("of another user makes no operator, and the log does not contain the address", async () => {
    const body = { name: "Acme", owner: { user_name: "owner@okta.local" } };
    const headers = { "Content-Type": "application/json", Origin: worker.url };
    for (const email of [
      "eve@example.com",
      "ann@example.co",
      "nn@example.com",
      ",",
      "Ann@Example.com, ,kim@example.com",
      "\u212aim@example.com", // the Kelvin sign, whose lower case is k
    ]) {
      const assertion = team.token({ email });
      assert.deepEqual(assertStatus(await call(worker, assertion), 200), {
        organizations: [],
        invitations: [],
        next: null,
        deleted: [],
      });
      assertProblem(await call(worker, assertion, { method: "POST", body, headers }), 403, /OPERATORS/);
    }
    assert.doesNotMatch(await logText(worker), /eve@|ann@/i);
  });
});

describe("the admin token", () => {
  test("still opens the API, and is what counts where there is one", async () => {
    for (const assertion of [undefined, team.token(), "garbage"]) {
      const headers = { Authorization: `Bearer ${worker.adminToken}` };
      assertStatus(await call(worker, assertion, { headers }), 200);
      assertProblem(await call(worker, assertion, { headers: { Authorization: "Bearer wrong" } }), 401, /ADMIN_TOKEN/);
    }
    assertStatus(await new AdminApi(worker).send("GET", "/organizations"), 200);
  });

  test("is asked for without an assertion; the Access cookie is not one", async () => {
    await refused(undefined, /ADMIN_TOKEN/);
    const headers = { Cookie: `CF_Authorization=${team.token()}` };
    assertProblem(await call(worker, undefined, { headers }), 401, /ADMIN_TOKEN/);
  });
});

describe("an assertion is refused", () => {
  test("that has expired or is not valid yet", async () => {
    for (const exp of [now() - 1, now() - 86_400, 0, -1]) await refused(team.token({ exp }), /expired/);
    for (const exp of [undefined, null, `${now() + 3600}`, [now() + 3600]]) await refused(team.token({ exp }), /exp\b/);
    await refused(team.token({ nbf: now() + 120 }), /nbf/);
    await refused(team.token({ iat: now() + 120 }), /iat/);
    await refused(team.token({ nbf: "soon" }), /nbf/);
  });

  test("of another issuer", async () => {
    for (const iss of [undefined, "", `${team.url}/`, "https://acme.cloudflareaccess.com", [team.url], null]) {
      await refused(team.token({ iss }), /issuer/);
    }
  });

  test("for another audience", async () => {
    for (const aud of [
      undefined,
      "",
      "other",
      AUDIENCE.slice(1),
      AUDIENCE.toUpperCase(),
      [],
      ["other"],
      [[AUDIENCE]],
      {},
    ]) {
      await refused(team.token({ aud }), /audience/);
    }
  });

  test("that names no email address, as a service token's", async () => {
    for (const changes of [
      { email: undefined, common_name: "ann@example.com" },
      { email: "" },
      { email: " " },
      { email: 7 },
    ]) {
      await refused(team.token(changes), /mail/);
    }
    await refused(team.token({ email: ["ann@example.com"] }), /mail/);
  });

  test("in another algorithm than RS256", async () => {
    const claims = encode(team.claims());
    for (const alg of [
      "none",
      "None",
      "",
      "rs256",
      "RS512",
      "PS256",
      "ES256",
      "HS256",
      undefined,
      null,
      7,
      ["RS256"],
    ]) {
      const header = encode({ ...RS256, alg });
      await refused(`${header}.${claims}.`, /RS256/);
      await refused(sign({ ...RS256, alg }, team.claims(), first), /RS256/);
    }
  });

  test("in HS256 with the public key for a secret", async () => {
    const secrets = [
      first.publicKey.export({ format: "pem", type: "spki" }),
      first.publicKey.export({ format: "pem", type: "pkcs1" }),
      first.publicKey.export({ format: "der", type: "spki" }),
      Buffer.from(first.jwk.n, "base64url"),
      first.jwk.n,
    ];
    for (const alg of ["HS256", "RS256"]) {
      for (const secret of secrets) {
        const signed = `${encode({ ...RS256, alg })}.${encode(team.claims())}`;
        const signature = encode(createHmac("sha256", secret).update(signed).digest());
        await refused(`${signed}.${signature}`, alg === "HS256" ? /RS256/ : /signature/);
      }
    }
  });

  test("whose parts were changed", async () => {
    const [header, payload, signature] = team.token({ email: "eve@example.com" }).split(".");
    await refused(`${header}.${encode(team.claims())}.${signature}`, /signature/);
    await refused(`${encode({ ...RS256, kid: "second" })}.${payload}.${signature}`, /signature/);
    await refused(`${encode({ ...RS256, typ: "jwt" })}.${payload}.${signature}`, /signature/);
    const bytes = Buffer.from(signature, "base64url");
    bytes[100] ^= 1;
    await refused(`${header}.${payload}.${encode(bytes)}`, /signature/);
    await refused(`${header}.${payload}.${encode(bytes.subarray(1))}`, /signature/);
    await refused(`${header}.${payload}.`, /signature/);
    await refused(`${header}.${payload}.${encode(Buffer.alloc(256))}`, /signature/);
  });

  test("that another key has signed under the name of a known one", async () => {
    await refused(sign(RS256, team.claims(), stranger), /signature/);
    await refused(sign(RS256, team.claims(), second), /signature/);
    // A key that comes with the token is not one of the team's.
    const { n, e } = stranger.jwk;
    await refused(sign({ ...RS256, jwk: { kty: "RSA", n, e } }, team.claims(), stranger), /signature/);
  });

  test("before its claims are looked at", async () => {
    await refused(sign(RS256, team.claims({ exp: 0, iss: "x", aud: "y" }), stranger), /signature/);
    for (const payload of ["", "{", "[]", "null", '"text"', Buffer.from([0xff, 0xfe])]) {
      await refused(sign(RS256, payload, first), /payload/);
      await refused(sign(RS256, payload, stranger), /signature/);
    }
  });

  test("that needs extensions to be understood", async () => {
    await refused(sign({ ...RS256, crit: ["b64"], b64: true }, team.claims(), first), /crit/);
  });
});

describe("a malformed assertion", () => {
  test("is refused whatever its shape, and no keys are fetched for it", async () => {
    await worker.restart();
    team.requests.length = 0;
    const [header, payload, signature] = team.token().split(".");
    const token = `${header}.${payload}.${signature}`;
    const malformed = [
      "",
      " ",
      ".",
      "..",
      "...",
      "garbage",
      "a.b.c",
      "null",
      "{}",
      `Bearer ${token}`,
      `"${token}"`,
      `${token}.`,
      `.${token}`,
      `${token}.${signature}`,
      `${header}.${payload}`,
      `${header}..${payload}.${signature}`,
      `${header}.${payload}.${signature}=`,
      `${header}==.${payload}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -1)}!`,
      `${header}.${payload} .${signature}`,
      `${header}.${payload}.${Buffer.from(signature, "base64url").toString("base64")}`,
      // The last character of 256 bytes has bits that mean nothing; they are zero.
      `${header}.${payload}.${signature.slice(0, -1)}${{ A: "B", Q: "R", g: "h", w: "x" }[signature.at(-1)]}`,
      `${token}, ${token}`,
      [token, token],
      "é.ü.ß",
      "%00.%ff.%0a",
      "\u00ff".repeat(100),
      "=".repeat(1000),
      ".".repeat(8000),
      "A".repeat(8192),
      ...["", "[]", "null", "7", "{", '{"alg"', "\u0000", "[".repeat(3000), '{"a":'.repeat(1000)].map(
        (json) => `${encode(json)}.${payload}.${signature}`,
      ),
      `${encode(Buffer.from([0xff]))}.${payload}.${signature}`,
    ];
    for (const assertion of malformed) await refused(assertion, /malformed/);
    for (const kid of [undefined, null, "", 7, ["first"], {}]) {
      await refused(sign({ ...RS256, kid }, team.claims(), first), /kid/);
    }
    assert.deepEqual(team.requests, []);
  });

  test("is refused by its length", async () => {
    await accepted(team.token({ custom: "x".repeat(4000) }));
    await refused(team.token({ custom: "x".repeat(6300) }), /8192/);
    const [header, , signature] = team.token().split(".");
    await refused(`${header}.${"A".repeat(9 * 1024)}.${signature}`, /8192/);
  });
});

describe("the variables", () => {
  const off = useWorker({ vars: { ACCESS_AUDIENCE: AUDIENCE, OPERATORS } });
  const tokenless = useWorker({ vars, adminToken: null });
  const withoutAudience = useWorker({ vars: { ...vars, ACCESS_AUDIENCE: " " } });
  const withoutUrl = useWorker({ vars: { ...vars, ACCESS_TEAM: "acme" } });
  const withoutOperators = useWorker({ vars: { ...vars, OPERATORS: "" } });

  test("may leave Access off", async () => {
    for (const assertion of [undefined, team.token(), "garbage"]) {
      assertProblem(await call(off, assertion), 401, /ADMIN_TOKEN/);
    }
  });

  test("work without an admin token", async () => {
    assertStatus(await call(tokenless, team.token()), 200);
    assertProblem(await call(tokenless, undefined), 503, /ADMIN_TOKEN/);
  });

  test("may name no operators", async () => {
    assert.deepEqual(assertStatus(await call(withoutOperators, team.token()), 200), {
      organizations: [],
      invitations: [],
      next: null,
      deleted: [],
    });
  });

  test("are set together or not at all; the admin token works in any case", async () => {
    for (const assertion of [undefined, team.token()]) {
      assertProblem(await call(withoutAudience, assertion), 503, /ACCESS_AUDIENCE/);
      assertProblem(await call(withoutUrl, assertion), 503, /ACCESS_TEAM/);
    }
    for (const at of [withoutAudience, withoutUrl]) {
      assertStatus(await new AdminApi(at).send("GET", "/organizations"), 200);
    }
  });
});
