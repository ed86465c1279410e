import { SCHEMA } from "../../helpers/schema.mjs";

/** A refusal as the server answers it. */
export class ScimError extends Error {
  constructor(status, detail, scimType) {
    super(detail);
    this.status = status;
    this.scimType = scimType;
  }

  get body() {
    const { status, message, scimType } = this;
    return { schemas: [SCHEMA.error], status: String(status), detail: message, ...(scimType ? { scimType } : {}) };
  }
}
