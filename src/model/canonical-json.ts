import { decodeString, scalarEnd, skipSpace, stringEnd } from "./json-text.ts";

/**
 * Writes JSON in one canonical form: no white space, members sorted by key, strings and numbers as RFC 8785 writes them.
 *
 * It departs from RFC 8785 where that would make two different requests the same: a number that a double cannot hold keeps its
 * text, and duplicate keys stay.
 *
 * @param text Valid JSON nested at most some thousand levels (it recurses); `parseRequests` sees to both.
 */
export function canonicalJson(text: string): string {
  return new Canonicalizer(text).value();
}

/** 15 significant digits always survive a double, unless it is tiny; more may not. */
const exactDigits = 15;
const smallestPrecise = 2 ** -1022;

class Canonicalizer {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): string {
    this.#at = skipSpace(this.#text, this.#at);
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #object(): string {
    const members: [key: string, text: string][] = [];
    let sorted = true;
    for (this.#enter(); !this.#leave("}");) {
      const literal = this.#string();
      const key = decodeString(literal);
      this.#at = skipSpace(this.#text, this.#at) + 1;
      const previous = members.at(-1);
      if (previous !== undefined && previous[0] > key) sorted = false;
      members.push([key, `${literal}:${this.value()}`]);
    }
    if (!sorted) members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${members.map(([, member]) => member).join(",")}}`;
  }

  #array(): string {
    const items: string[] = [];
    for (this.#enter(); !this.#leave("]");) items.push(this.value());
    return `[${items.join(",")}]`;
  }

  #enter(): void {
    this.#at += 1;
  }

  /** Steps over the comma before the next member, or over the closing bracket. */
  #leave(closing: string): boolean {
    this.#at = skipSpace(this.#text, this.#at);
    const here = this.#text[this.#at];
    if (here === ",") this.#at = skipSpace(this.#text, this.#at + 1);
    else if (here === closing || here === undefined) {
      this.#at += 1;
      return true;
    }
    return false;
  }

  #string(): string {
    const end = stringEnd(this.#text, this.#at);
    const literal = this.#text.slice(this.#at, end);
    this.#at = end;
    return hasOtherSpelling(literal) ? JSON.stringify(JSON.parse(literal)) : literal;
  }

  #scalar(): string {
    const end = scalarEnd(this.#text, this.#at);
    const scalar = this.#text.slice(this.#at, end);
    this.#at = end;
    return canonicalNumber(scalar);
  }
}

/** Of all escapes only these two have another, canonical spelling; most texts, with their `\n` and `\"`, are canonical as they stand. */
function hasOtherSpelling(literal: string): boolean {
  return literal.includes("\\u") || literal.includes("\\/");
}

function canonicalNumber(scalar: string): string {
  const value = Number(scalar);
  if (Number.isNaN(value)) return scalar; // true, false, null
  const written = String(value);
  if (written === scalar) return written;
  const digits = scalar
    .replace(/[eE].*$/, "")
    .replace(/\D/g, "")
    .replace(/^0+/, "");
  const isPrecise = digits === "" || (Number.isFinite(value) && Math.abs(value) >= smallestPrecise);
  return isPrecise && digits.length <= exactDigits ? written : scalar;
}
