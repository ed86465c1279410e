// What a step has at hand: the clients, the stage, and what it finds about the answers.

import { ENTRA, OKTA, OKTA_SPEC_TEST } from "../../tests/helpers/client.mjs";
import { SCHEMA } from "../../tests/helpers/schema.mjs";
import { Client } from "./endpoint.mjs";
import { detailOf } from "./failures.mjs";
import { OKTA as OKTA_RULE, rfc7644 } from "./rules.mjs";

/** The step cannot go on after what it has found. */
export class End extends Error {}

/** The step does not apply to this server, for the reason in the message. */
export class Skip extends Error {}

/** A governance product has no spelling of its own that is known. */
const GOVERNANCE = { always: { Accept: "application/scim+json, application/json" }, withBody: ENTRA.withBody };

export const clientsOf = (endpoint) => ({
  okta: new Client(endpoint, OKTA),
  specTest: new Client(endpoint, OKTA_SPEC_TEST),
  entra: new Client(endpoint, ENTRA),
  governance: new Client(endpoint, GOVERNANCE),
});

export class Play {
  /** What is found, each `{ level, isMet, rule, text, got, exchange }`; `exchange` is a position in the record. */
  findings = [];

  constructor(stage, clients) {
    this.stage = stage;
    Object.assign(this, clients);
  }

  /** A requirement without which a client fails. @returns whether it is met */
  must(rule, text, isMet, got) {
    return this.#find("must", rule, text, isMet, got);
  }

  /** A requirement without which a client works less well. */
  should(rule, text, isMet, got) {
    return this.#find("should", rule, text, isMet, got);
  }

  #find(level, rule, text, isMet, got) {
    const exchange = this.stage.endpoint.exchanges.length - 1;
    this.findings.push({ level, isMet, rule, text, got: isMet ? undefined : shown(got), exchange });
    return isMet;
  }

  /** Requires one of the statuses, and a JSON object unless it is 204. Ends the step if the request has failed. */
  answers(rule, answer, statuses) {
    const { status, body } = answer;
    const wanted = [statuses].flat();
    this.must(rule, `${answer.method} is answered ${wanted.join(" or ")}.`, wanted.includes(status), statusOf(answer));
    if (status < 200 || status >= 300) throw new End();
    if (status === 204 || wanted.every((each) => each === 204)) return undefined;
    if (body !== null && typeof body === "object") return body;
    this.must(rule, "The answer has a body of JSON.", false, answer.text.slice(0, 200));
    throw new End();
  }

  /** The resource at the path, by the step's own client. */
  async read(client, path) {
    return this.answers(rfc7644("3.4.1"), await client.get(path), 200);
  }

  /** The resources of a list; the form of the list is what the steps of `connection` and `paging` are about. */
  resources(rule, answer) {
    return resourcesOf(this.answers(rule, answer, 200));
  }

  /** Requires a list of exactly these ids. */
  finds(rule, text, answer, ids) {
    const found = this.resources(rule, answer).map(({ id }) => id);
    return this.must(rule, text, sameIds(found, ids), idsShown(found));
  }

  /** The form that all lists have. @returns the resources */
  list(answer) {
    const body = this.answers(rfc7644("3.4.2"), answer, 200);
    this.must(rfc7644("3.4.2"), "schemas names ListResponse.", body.schemas?.includes?.(SCHEMA.list), body.schemas);
    for (const name of ["totalResults", "startIndex", "itemsPerPage"]) {
      const text = `${name} is a JSON number without a fraction.`;
      // An absent one is allowed where the list is complete.
      const isOptional = name !== "totalResults" && !(name in body);
      if (isOptional) this.should(OKTA_RULE.connector, `The list has ${name}.`, false, "it is absent");
      else this.must(OKTA_RULE.connector, text, Number.isInteger(body[name]), body[name]);
    }
    const isEmpty = body.totalResults === 0 && !("Resources" in body);
    this.must(rfc7644("3.4.2"), "Resources is an array.", Array.isArray(body.Resources) || isEmpty, body.Resources);
    const resources = resourcesOf(body);
    const areObjects = !Array.isArray(body.Resources) || resources.length === body.Resources.length;
    this.must(rfc7644("3.4.2"), "Resources has nothing but objects.", areObjects, body.Resources);
    if ("itemsPerPage" in body) {
      const text = "itemsPerPage is the number of resources in the answer.";
      this.must(rfc7644("3.4.2.4"), text, body.itemsPerPage === resources.length, body.itemsPerPage);
    }
    const isEnough = !(body.totalResults < resources.length);
    this.must(rfc7644("3.4.2"), "totalResults is not less than the resources shown.", isEnough, body.totalResults);
    return resources;
  }

  /** Requires an error in SCIM's form. */
  error(rule, answer, status, { scimType, scimTypeLevel = "must" } = {}) {
    const statuses = [status].flat();
    const text = `${answer.method} is answered ${statuses.join(" or ")}.`;
    if (!this.must(rule, text, statuses.includes(answer.status), statusOf(answer))) return;
    const { schemas, status: told, detail, scimType: type } = answer.body ?? {};
    this.must(
      rfc7644("3.12"),
      "schemas of the error names Error.",
      schemas?.includes?.(SCHEMA.error),
      answer.text.slice(0, 200),
    );
    this.must(rfc7644("3.12"), "The error has its status.", String(told) === String(answer.status), told);
    this.should(rfc7644("3.12"), "status of the error is text.", typeof told === "string", told);
    this.must(
      rule,
      "The error has a detail, which the administrator sees.",
      typeof detail === "string" && detail !== "",
      detail,
    );
    if (scimType)
      this[scimTypeLevel](rfc7644("3.12"), `scimType of the error is ${scimType}.`, type === scimType, type);
  }

  /** Ends the step without a verdict. */
  skip(reason) {
    throw new Skip(reason);
  }

  /** Goes on only where ServiceProviderConfig declares the feature. */
  async declared(feature) {
    const config = await this.stage.config();
    if (config[feature]?.supported !== true) this.skip(`ServiceProviderConfig does not declare ${feature}`);
  }
}

/** What a list has that can be a resource. */
export const resourcesOf = ({ Resources }) =>
  (Array.isArray(Resources) ? Resources : []).filter((each) => each !== null && typeof each === "object");

export const statusOf = (answer) => (answer.status < 400 ? answer.status : `${answer.status}${detailOf(answer)}`);

export const sameIds = (found, ids) => found.length === ids.length && ids.every((id) => found.includes(id));

const idsShown = (ids) => `${ids.length} found${ids.length > 0 ? `: ${ids.slice(0, 5).join(", ")}` : ""}`;

function shown(value) {
  if (value === undefined) return "absent";
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 300 ? `${text.slice(0, 300)} …` : text;
}
