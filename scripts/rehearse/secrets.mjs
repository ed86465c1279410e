// What must not appear in a report.

const HIDDEN = "***";

/** Hides the key and made-up passwords in everything that is kept or printed. */
export class Secrets {
  #pattern;

  constructor(...secrets) {
    const spellings = secrets.flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString("base64"),
    ]);
    const longestFirst = spellings.sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(longestFirst.map((text) => text.replaceAll(/[^\w]/g, "\\$&")).join("|"), "g");
  }

  hide(text) {
    return text.replace(this.#pattern, HIDDEN);
  }

  /** The same value with each text in it hidden. */
  hideIn(value) {
    if (typeof value === "string") return this.hide(value);
    if (Array.isArray(value)) return value.map((each) => this.hideIn(each));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [this.hide(name), this.hideIn(each)]));
  }
}
