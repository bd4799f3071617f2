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

const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Up to here each new member is put where it belongs; more of them are sorted once, for moving them would take the square of the time. */
const fewMembers = 32;

/** Most parts of most texts are canonical as they stand. Those are never taken apart: they are cut out of the text in one piece. */
class Canonicalizer {
  readonly #text: string;
  #at = 0;
  /** Whether the value read last is canonical as it stands in the text. */
  #isVerbatim = true;

  constructor(text: string) {
    this.#text = text;
  }

  value(): string {
    this.#at = skipSpace(this.#text, this.#at);
    switch (this.#text.charCodeAt(this.#at)) {
      case openBrace:
        return this.#object();
      case openBracket:
        return this.#array();
      case quote:
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #object(): string {
    const start = this.#at;
    const members = new Members();
    let isVerbatim = true;
    for (this.#enter(); !this.#leave(closeBrace);) {
      if (this.#text.charCodeAt(this.#at - 1) <= space) isVerbatim = false;
      const memberStart = this.#at;
      const literal = this.#string();
      const isPlainKey = this.#isVerbatim && this.#text.charCodeAt(this.#at) === colon;
      this.#at = skipSpace(this.#text, this.#at) + 1;
      const isPlainValue = this.#text.charCodeAt(this.#at) > space;
      const value = this.value();
      const isPlain = isPlainKey && isPlainValue && this.#isVerbatim;
      if (!isPlain) isVerbatim = false;
      members.add(decodeString(literal), isPlain ? this.#text.slice(memberStart, this.#at) : `${literal}:${value}`);
      if (this.#text.charCodeAt(this.#at) <= space) isVerbatim = false;
    }
    this.#isVerbatim = isVerbatim && members.areInOrder && members.texts.length > 0;
    return this.#isVerbatim ? this.#text.slice(start, this.#at) : `{${members.sorted().join(",")}}`;
  }

  #array(): string {
    const start = this.#at;
    const items: string[] = [];
    let isVerbatim = true;
    for (this.#enter(); !this.#leave(closeBracket);) {
      const isAfterSpace = this.#text.charCodeAt(this.#at - 1) <= space;
      items.push(this.value());
      if (isAfterSpace || !this.#isVerbatim || this.#text.charCodeAt(this.#at) <= space) isVerbatim = false;
    }
    this.#isVerbatim = isVerbatim && items.length > 0;
    return this.#isVerbatim ? this.#text.slice(start, this.#at) : `[${items.join(",")}]`;
  }

  #enter(): void {
    this.#at += 1;
  }

  /** Steps over the comma before the next member, or over the closing bracket. */
  #leave(closing: number): boolean {
    this.#at = skipSpace(this.#text, this.#at);
    const here = this.#text.charCodeAt(this.#at);
    if (here === comma) this.#at = skipSpace(this.#text, this.#at + 1);
    else if (here === closing || Number.isNaN(here)) {
      this.#at += 1;
      return true;
    }
    return false;
  }

  #string(): string {
    const end = stringEnd(this.#text, this.#at);
    const literal = this.#text.slice(this.#at, end);
    this.#at = end;
    this.#isVerbatim = !hasOtherSpelling(literal);
    return this.#isVerbatim ? literal : JSON.stringify(JSON.parse(literal));
  }

  #scalar(): string {
    const end = scalarEnd(this.#text, this.#at);
    const scalar = this.#text.slice(this.#at, end);
    this.#at = end;
    const written = canonicalNumber(scalar);
    this.#isVerbatim = written === scalar;
    return written;
  }
}

/** The members of one object, by key; duplicates stay in the order written. */
class Members {
  readonly #keys: string[] = [];
  readonly texts: string[] = [];
  areInOrder = true;

  add(key: string, text: string): void {
    let place = this.#keys.length;
    if (place <= fewMembers) while (place > 0 && (this.#keys[place - 1] ?? "") > key) place -= 1;
    else if ((this.#keys[place - 1] ?? "") > key) this.areInOrder = false;
    if (place === this.#keys.length) {
      this.#keys.push(key);
      this.texts.push(text);
      return;
    }
    this.areInOrder = false;
    this.#keys.splice(place, 0, key);
    this.texts.splice(place, 0, text);
  }

  sorted(): readonly string[] {
    if (this.areInOrder || this.#keys.length <= fewMembers) return this.texts;
    const places = [...this.#keys.keys()].toSorted((a, b) => compare(this.#keys[a] ?? "", this.#keys[b] ?? "") || a - b);
    return places.map((place) => this.texts[place] ?? "");
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Of all escapes only these two have another, canonical spelling; most texts, with their `\n` and `\"`, are canonical as they stand. */
function hasOtherSpelling(literal: string): boolean {
  if (!literal.includes("\\")) return false;
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
