import { scalarEnd } from "./json-text.ts";

/** Where a JSON text comes from: a line of a file, or the body of a client's request. */
export type JsonText = "line" | "body";

/**
 * Says what keeps `text` from being JSON, and at which column (1-based, in UTF-16 units). `JSON.parse` does not always say where,
 * says it differently from one Node.js to the next, and quotes the text, which may hold a prompt.
 *
 * @param text Nested at most some thousand levels: it recurses.
 * @param what It is, for the message.
 * @returns undefined if `text` is JSON.
 */
export function explainJsonError(text: string, what: JsonText = "line"): string | undefined {
  return new Checker(text, what).whole();
}

/**
 * Where the first value of `text` ends, which may stand on many lines.
 *
 * @param text As above.
 * @returns Infinity if `text` ends within the value; undefined if it is no JSON.
 */
export function firstValueEnd(text: string): number | undefined {
  return new Checker(text, "line").firstValueEnd();
}

const maxQuote = 20;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const scalar = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/** Every method steps over what its name says, or returns the explanation why it is not there. */
class Checker {
  readonly #text: string;
  readonly #what: JsonText;
  #at = 0;

  constructor(text: string, what: JsonText) {
    this.#text = text;
    this.#what = what;
  }

  whole(): string | undefined {
    const problem = this.#value();
    if (problem !== undefined) return problem;
    this.#skipSpace();
    return this.#at < this.#text.length ? this.#expected(`the end of the ${this.#what}`) : undefined;
  }

  firstValueEnd(): number | undefined {
    if (this.#value() === undefined) return this.#at;
    return scalarEnd(this.#text, this.#at) >= this.#text.length ? Infinity : undefined;
  }

  #value(): string | undefined {
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#list("}", () => this.#member());
      case "[":
        return this.#list("]", () => this.#value());
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #list(closing: string, item: () => string | undefined): string | undefined {
    this.#at += 1;
    if (this.#take(closing)) return undefined;
    for (;;) {
      const problem = item();
      if (problem !== undefined) return problem;
      if (this.#take(closing)) return undefined;
      if (!this.#take(",")) return this.#expected(`, or ${closing}`);
    }
  }

  #member(): string | undefined {
    this.#skipSpace();
    if (this.#text[this.#at] !== '"') return this.#expected("a key in double quotes");
    const problem = this.#string();
    if (problem !== undefined) return problem;
    return this.#take(":") ? this.#value() : this.#expected(":");
  }

  #string(): string | undefined {
    const opened = this.#at;
    for (this.#at += 1; this.#at < this.#text.length; this.#at += 1) {
      const here = this.#text.charAt(this.#at);
      if (here === '"') {
        this.#at += 1;
        return undefined;
      }
      if (here < " ") return `${codePoint(here)} at ${this.#column()} must be written as an escape inside a string`;
      if (here !== "\\") continue;
      escape.lastIndex = this.#at;
      if (!escape.test(this.#text))
        return `${JSON.stringify(this.#text.slice(this.#at, this.#at + 2))} at ${this.#column()} is not an escape`;
      this.#at = escape.lastIndex - 1;
    }
    this.#at = opened;
    return `the string at ${this.#column()} has no end`;
  }

  #scalar(): string | undefined {
    const end = scalarEnd(this.#text, this.#at);
    if (!scalar.test(this.#text.slice(this.#at, end))) return this.#expected("a value");
    this.#at = end;
    return undefined;
  }

  #take(mark: string): boolean {
    this.#skipSpace();
    const isHere = this.#text[this.#at] === mark;
    if (isHere) this.#at += 1;
    return isHere;
  }

  #skipSpace(): void {
    while (/[ \t\r\n]/.test(this.#text.charAt(this.#at))) this.#at += 1;
  }

  #expected(what: string): string {
    if (this.#at >= this.#text.length) {
      const advice = this.#what === "line" ? "; each request stands on one line" : "";
      return `the ${this.#what} ends where ${what} should follow${advice}`;
    }
    return `expected ${what} at ${this.#column()}, found ${this.#found()}`;
  }

  #found(): string {
    const first = this.#text.charAt(this.#at);
    if (first === '"') return "a string";
    if (first === "'") return "' (JSON takes double quotes)";
    if (first === "\0") return this.#what === "line" ? "U+0000 (if this file is UTF-16, save it as UTF-8)" : "U+0000";
    if (first === "\uFEFF") return `a byte order mark, which may stand only before a ${this.#what}`;
    const word = this.#text.slice(this.#at, Math.min(scalarEnd(this.#text, this.#at), this.#at + maxQuote));
    return /^[\w.+-]+$/.test(word) ? word : /[!-~]/.test(first) ? first : codePoint(first);
  }

  #column(): string {
    return `column ${this.#at + 1}`;
  }
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
