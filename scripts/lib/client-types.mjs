// The types of clients/typescript, generated from the OpenAPI document of the product's side.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import openapiTypescript, { astToString } from "openapi-typescript";
import { root } from "./paths.mjs";

export const DOCUMENT = join(root, "clients/openapi.json");
export const TYPES = join(root, "clients/typescript/src/openapi.ts");
const HEADER =
  "// Generated from clients/openapi.json: UPDATE=1 npm test -- tests/product/openapi.test.mjs renews it.\n";

/** The text of the file of types. */
export async function clientTypes() {
  const document = JSON.parse(readFileSync(DOCUMENT, "utf8"));
  const text = astToString(await openapiTypescript(document, { alphabetize: true }));
  return `${HEADER}${text}`;
}
