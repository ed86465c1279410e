// An identity provider that is played for the pictures of a guide.
import { take } from "./camera.mjs";
import { Problem, step } from "./run.mjs";

/** Pictures of `tab`, as far as `isWanted` says so of their names. */
export function album(tab, isWanted) {
  const pictures = [];
  const picture = async (name, address, part) => {
    if (!isWanted(name)) return;
    const file = `${name}.png`;
    pictures.push({ name: file, png: await step(file, () => take(tab, address, part)) });
  };
  return { pictures, picture };
}

/** The newest entries of the log, as a part of its page. */
export const deeds = (count) => ["#entries li", `#entries li:nth-child(${count})`];

/** Calls SCIM as an identity provider does. Resolves with the body of the answer; `refused` expects a refusal. */
export function scimClient(url, key) {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/scim+json" };
  const call = async (isExpected, method, path, body) => {
    const response = await fetch(`${url}/scim${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    if (response.ok !== isExpected) throw new Problem(`${method} ${path} answered ${response.status}: ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  const refused = (...request) => call(false, ...request);
  return Object.assign((...request) => call(true, ...request), { refused });
}

/** The first resource that the filter finds. */
export const find = async (scim, path, filter) =>
  (await scim("GET", `${path}?filter=${encodeURIComponent(filter)}&startIndex=1&count=100`)).Resources[0];
