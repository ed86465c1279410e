// Why the rehearsal cannot go on, in words.

import { Problem } from "../lib/run.mjs";

/** The server did not answer at all: no connection, no certificate, no time. */
export class NoAnswer extends Error {}

/** The server asks to come back later than the rehearsal waits. */
export class ComeBackLater extends NoAnswer {
  /** @param wait the header Retry-After */
  constructor(answer, wait) {
    const when = wait === undefined ? "later" : `in ${wait} s`;
    super(`The server asks to come back ${when} (429)${detailOf(answer)}`);
    this.why = `the server asks to come back ${when}`;
  }
}

const TLS = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "signed its certificate itself",
  SELF_SIGNED_CERT_IN_CHAIN: "has a certificate of an authority that this computer does not trust",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "does not send its whole chain of certificates, or this computer does not trust it",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "has a certificate of an authority that this computer does not trust",
  CERT_HAS_EXPIRED: "has a certificate that has expired",
  CERT_NOT_YET_VALID: "has a certificate that is not valid yet",
  ERR_TLS_CERT_ALTNAME_INVALID: "has a certificate for another host name",
};

const CONNECTION = {
  ENOTFOUND: "There is no host of this name: check the address.",
  EAI_AGAIN: "The host name could not be looked up: check the address, and the network of this computer.",
  ECONNREFUSED: "No server listens there: check the port, and whether the server runs.",
  ECONNRESET: "The server closed the connection without an answer: an https port does so when it is asked by http.",
  EHOSTUNREACH: "The host cannot be reached: check the network.",
  ENETUNREACH: "The host cannot be reached: check the network.",
  ETIMEDOUT: "The connection could not be made in time: check the address and the firewall.",
  EPROTO: "The server does not speak TLS on this port: is it http:// instead of https://?",
};

/** The sentence for an error of the connection. `code` is that of Node. */
export function connectionText({ code, message }, host) {
  if (code in TLS) {
    return (
      `${host} ${TLS[code]} (${code}). An identity provider would refuse it too. For an authority of your own, set ` +
      "NODE_EXTRA_CA_CERTS to the file of its certificate."
    );
  }
  if (/^ERR_SSL_|^EPROTO$/.test(code)) return `${host}: ${CONNECTION.EPROTO} (${code})`;
  return `${host}: ${CONNECTION[code] ?? message} (${code ?? "no code"})`;
}

/** @returns the Problem in the first answer of the server, or undefined if the rehearsal can begin */
export function firstAnswerProblem(answer, base) {
  const { status, headers, body, text } = answer;
  const type = headers["content-type"] ?? "no content type";
  const said = detailOf(answer);
  if (status === 401 || status === 403) {
    return new Problem(
      `The server refuses the key: ${status}${said}\nCheck that the key is whole, has not expired, and belongs to ` +
        "this deployment.",
    );
  }
  if (status >= 300 && status < 400) {
    return new Problem(
      `${base}/Users redirects to ${headers.location ?? "another address"}. Identity providers do not follow ` +
        "redirects with the key: give the address that it leads to.",
    );
  }
  if (/html/i.test(type) || /^\s*<(!doctype|html)/i.test(text)) {
    return new Problem(
      `${base}/Users answers ${status} with a page (${type}), and not with SCIM. Is this the SCIM base URL? It often ` +
        "ends with /scim or /scim/v2. A sign-in page, or a proxy in between, looks like this too.",
    );
  }
  if (status === 404 || status === 405) {
    return new Problem(
      `${base}/Users answers ${status}${said}\nIs this the SCIM base URL? It often ends with /scim or /scim/v2.`,
    );
  }
  if (status >= 400) return new Problem(`The server cannot list people: ${status}${said}`);
  if (body === null || typeof body !== "object") {
    return new Problem(`${base}/Users answers ${status} without JSON (${type}): is this a SCIM server?`);
  }
  return undefined;
}

/** What a server says about an error, as the end of a sentence. */
export function detailOf({ body, text }) {
  const said = typeof body?.detail === "string" ? body.detail : text.replaceAll(/\s+/g, " ").trim();
  return said === "" ? "." : `, "${said.slice(0, 300)}"`;
}
