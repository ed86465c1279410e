// Text as the Worker compares it, a second time: see crates/scim-protocol/src/text.rs.

/** What differs from an ordinary character only in width, and that character. */
const WIDTHS = new Map([["\u3000", " "]]);
const ordinary = new Map();
for (let code = 0x20; code < 0xff00; code++) {
  const character = String.fromCharCode(code);
  // Of several with the same compatibility form, the shortest way there: ¯ before its parts, ㄱ before its letter.
  const isJamo = code >= 0x1100 && code < 0x1200;
  const form = character.normalize("NFKC");
  if (!isJamo && !ordinary.has(form)) ordinary.set(form, character);
}
for (let code = 0xff01; code <= 0xffee; code++) {
  const character = String.fromCharCode(code);
  const form = character.normalize("NFKC");
  if (form !== character && ordinary.has(form)) WIDTHS.set(character, ordinary.get(form));
}

/** As `scim::text::fold`: width, case and composition make no difference. */
export function fold(text) {
  return [...text]
    .map((character) => (WIDTHS.get(character) ?? character).toLowerCase().replace("ς", "σ"))
    .join("")
    .normalize("NFC");
}

/** As `scim::text::fold_object`: a document with its names and texts folded. */
export function foldDocument(value) {
  if (typeof value === "string") return fold(value);
  if (Array.isArray(value)) return value.map(foldDocument);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [fold(name), foldDocument(each)]));
}
