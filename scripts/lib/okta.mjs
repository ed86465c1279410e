// What to type into Okta.
import { readFileSync } from "node:fs";

const okta = JSON.parse(readFileSync(new URL("../../src/console/pages/okta.json", import.meta.url), "utf8"));

/** The values of Provisioning > Integration, one a row; the names of fields in a column of their own. */
export const oktaRows = (base) =>
  okta.connection.map(([field, value]) => `  ${field.padEnd(37)}${value.replace("{base}", base)}`).join("\n");
