// The order of a module's functions, chosen so that gzip, which looks back 32 KB, finds what similar functions share.
//
// Recursive balanced partitioning, as LLVM's linkers use it for compression: the functions are halved so that as few
// short sequences of bytes as possible occur in both halves, and each half again.

/** Length of the sequences that functions are compared by, in bytes. */
const SEQUENCE = 6;
/** A sequence that occurs in more functions than this says nothing of their likeness. */
const COMMON = 2000;
/** Functions that are not divided any further. */
const SMALLEST = 8;
/** Most exchanges between two halves. */
const ROUNDS = 20;
/** Of a hundred functions that would gain by an exchange, how many stay: otherwise the same two go back and forth. */
const HELD_BACK = 10;

/**
 * The numbers of the functions, in the order in which they compress best. The same functions always get the same order.
 * @param codes the functions' code, in an order in which neighbours are alike already
 */
export function orderForCompression(codes) {
  const { sequencesOf, count } = sharedSequences(codes);
  const halving = new Halving(sequencesOf, count);
  const order = [];
  const pending = [Array.from(codes.keys())];
  while (pending.length > 0) {
    const part = pending.pop();
    if (part.length <= SMALLEST) order.push(...part);
    else pending.push(...halving.halve(part).reverse());
  }
  return order;
}

/** For each function, the numbers of the sequences that it shares with others. */
function sharedSequences(codes) {
  const occurrences = new Map();
  const hashes = codes.map((code) => {
    const distinct = new Set();
    for (let at = 0; at + SEQUENCE <= code.length; at++) distinct.add(hash(code, at));
    for (const each of distinct) occurrences.set(each, (occurrences.get(each) ?? 0) + 1);
    return distinct;
  });
  const numbers = new Map();
  const sequencesOf = hashes.map((distinct) => {
    const shared = [];
    for (const each of distinct) {
      const times = occurrences.get(each);
      if (times < 2 || times > COMMON) continue;
      if (!numbers.has(each)) numbers.set(each, numbers.size);
      shared.push(numbers.get(each));
    }
    return Int32Array.from(shared);
  });
  return { sequencesOf, count: numbers.size };
}

/** FNV-1a of a sequence. */
function hash(code, at) {
  let value = 2166136261;
  for (let offset = 0; offset < SEQUENCE; offset++) value = Math.imul(value ^ code[at + offset], 16777619);
  return value >>> 0;
}

/** Halves parts of the functions. */
class Halving {
  constructor(sequencesOf, count) {
    this.sequencesOf = sequencesOf;
    // How many functions of each half have each sequence.
    this.left = new Int32Array(count);
    this.right = new Int32Array(count);
    this.logarithms = Float64Array.from({ length: COMMON + 2 }, (_, number) => Math.log2(number + 1));
    this.random = 1;
  }

  /** Two halves, each in the order of the functions' numbers. */
  halve(part) {
    const half = part.length >> 1;
    let left = part.slice(0, half);
    let right = part.slice(half);
    for (let round = 0; round < ROUNDS; round++) {
      this.#count(left, this.left, 1);
      this.#count(right, this.right, 1);
      const leaving = this.#ranked(left, this.left, this.right);
      const coming = this.#ranked(right, this.right, this.left);
      this.#count(left, this.left, -1);
      this.#count(right, this.right, -1);
      const isChanged = this.#exchange(leaving, coming);
      left = leaving.map(({ number }) => number);
      right = coming.map(({ number }) => number);
      if (!isChanged) break;
    }
    const ascending = (a, b) => a - b;
    return [left.sort(ascending), right.sort(ascending)];
  }

  #count(half, counts, by) {
    for (const number of half) for (const sequence of this.sequencesOf[number]) counts[sequence] += by;
  }

  /** The functions of a half with what each gains on the other side, the largest gain first. */
  #ranked(half, here, there) {
    const ranked = half.map((number) => {
      let gain = 0;
      for (const sequence of this.sequencesOf[number]) {
        gain += this.#cost(here[sequence], there[sequence]) - this.#cost(here[sequence] - 1, there[sequence] + 1);
      }
      return { number, gain };
    });
    return ranked.sort((a, b) => b.gain - a.gain);
  }

  /** Least where all functions with a sequence are in one half. */
  #cost(left, right) {
    return -(left * this.logarithms[left] + right * this.logarithms[right]);
  }

  #exchange(leaving, coming) {
    let isChanged = false;
    for (let at = 0; at < Math.min(leaving.length, coming.length); at++) {
      if (leaving[at].gain + coming[at].gain <= 1e-9) break;
      if (this.#isHeldBack()) continue;
      [leaving[at], coming[at]] = [coming[at], leaving[at]];
      isChanged = true;
    }
    return isChanged;
  }

  /** A number of a fixed series, so that a build can be repeated. */
  #isHeldBack() {
    this.random = (Math.imul(this.random, 1664525) + 1013904223) >>> 0;
    return this.random % 1000 < HELD_BACK * 10;
  }
}
