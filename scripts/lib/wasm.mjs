// A reader of WebAssembly modules, enough to find the functions.

const SECTION = { custom: 0, import: 2, code: 10, data: 11 };
const FUNCTION_NAMES = 1;

/**
 * The functions of a module, each `{ name, code }`, and its data section. Functions without a name have an empty one.
 */
export function readModule(bytes) {
  const names = new Map();
  const codes = [];
  let imported = 0;
  let data = Buffer.alloc(0);
  for (const reader = new Reader(bytes.subarray(8)); !reader.atEnd; ) {
    const id = reader.byte();
    const section = reader.part();
    if (id === SECTION.import) imported = importedFunctions(section);
    else if (id === SECTION.code) codes.push(...section.list(() => section.part().bytes));
    else if (id === SECTION.data) data = section.bytes;
    else if (id === SECTION.custom && section.text() === "name") readNames(section, names);
  }
  // Imported functions come first in the numbering.
  return { functions: codes.map((code, index) => ({ name: names.get(imported + index) ?? "", code })), data };
}

function readNames(section, names) {
  while (!section.atEnd) {
    const id = section.byte();
    const part = section.part();
    if (id === FUNCTION_NAMES) part.list(() => names.set(part.number(), part.text()));
  }
}

function importedFunctions(section) {
  const kinds = section.list(() => {
    section.text();
    section.text();
    const kind = section.byte();
    // A function's and a tag's type, and a table's, memory's or global's description.
    if (kind === 1 || kind === 3) section.byte();
    if (kind === 1 || kind === 2) {
      if (section.byte() & 1) section.number();
    } else if (kind === 4) section.byte();
    section.number();
    return kind;
  });
  return kinds.filter((kind) => kind === 0).length;
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  get atEnd() {
    return this.at >= this.bytes.length;
  }

  byte() {
    return this.bytes[this.at++];
  }

  /** LEB128, unsigned. */
  number() {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  /** A part that begins with its length. */
  part() {
    const length = this.number();
    this.at += length;
    return new Reader(this.bytes.subarray(this.at - length, this.at));
  }

  text() {
    return this.part().bytes.toString("utf8");
  }

  list(read) {
    return Array.from({ length: this.number() }, read);
  }
}
