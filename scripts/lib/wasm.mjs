// A reader of WebAssembly modules, enough to find the functions and to name them.

const SECTION = { custom: 0, import: 2, code: 10, data: 11 };
const FUNCTION_NAMES = 1;

const HEADER = 8;

/**
 * The functions of a module, each `{ name, code }`, and its data section. Functions without a name have an empty one.
 */
export function readModule(bytes) {
  const names = new Map();
  const codes = [];
  let imported = 0;
  let data = Buffer.alloc(0);
  for (const { id, section } of sections(bytes)) {
    if (id === SECTION.import) imported = importedFunctions(section);
    else if (id === SECTION.code) codes.push(...section.list(() => section.part().bytes));
    else if (id === SECTION.data) data = section.bytes;
    else if (id === SECTION.custom && section.text() === "name") readNames(section, names);
  }
  // Imported functions come first in the numbering.
  return { functions: codes.map((code, index) => ({ name: names.get(imported + index) ?? "", code })), data };
}

/** The module with these names for its functions, in their order, and no other names. */
export function renameFunctions(bytes, names) {
  const kept = [bytes.subarray(0, HEADER)];
  let imported = 0;
  for (const { id, section, whole } of sections(bytes)) {
    if (id === SECTION.custom && section.text() === "name") continue;
    if (id === SECTION.import) imported = importedFunctions(section);
    kept.push(whole);
  }
  const entries = names.map((name, index) => Buffer.concat([number(imported + index), text(name)]));
  const list = Buffer.concat([number(entries.length), ...entries]);
  const body = Buffer.concat([text("name"), Buffer.of(FUNCTION_NAMES), number(list.length), list]);
  return Buffer.concat([...kept, Buffer.of(SECTION.custom), number(body.length), body]);
}

/** The sections of a module: number, content, and the whole with its head. */
function* sections(bytes) {
  for (const reader = new Reader(bytes.subarray(HEADER)); !reader.atEnd; ) {
    const start = reader.at;
    const id = reader.byte();
    const section = reader.part();
    yield { id, section, whole: reader.bytes.subarray(start, reader.at) };
  }
}

/** LEB128, unsigned. */
function number(value) {
  const bytes = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes]);
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
