// The folding of texts for comparison, implemented a second time: see crates/scim-protocol/src/text.rs.

const ASCII = /^[\x20-\x7e]*$/;

/** As `fold` of the Worker: width, case and composition make no difference. */
export function fold(text) {
  if (ASCII.test(text)) return text.toLowerCase();
  return [...text]
    .map((character) => (widths().get(character) ?? character).toLowerCase().replace("ς", "σ"))
    .join("")
    .normalize("NFC");
}

/** A document with its names and texts folded. */
export function foldDocument(value) {
  if (typeof value === "string") return fold(value);
  if (Array.isArray(value)) return value.map(foldDocument);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [fold(name), foldDocument(each)]));
}

let known;

/** Characters that differ from an ordinary one only in width, each with the ordinary one. */
function widths() {
  known ??= findWidths();
  return known;
}

function findWidths() {
  const found = new Map([["\u3000", " "]]);
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
    if (form !== character && ordinary.has(form)) found.set(character, ordinary.get(form));
  }
  return found;
}
