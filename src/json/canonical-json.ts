import { canonicalNumber } from "./canonical-number.ts";
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
  return new Canonicalizer(text).whole();
}

const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Up to here members are put in order one by one; with more of them that would take the square of the time. */
const fewMembers = 32;

/**
 * Most parts of most texts are canonical as they stand. Those are not even cut out: what steps over a part returns its canonical text
 * only where that is another than the text which stands there.
 */
class Canonicalizer {
  readonly #text: string;
  #at = 0;
  /** Strings that end before the next backslash hold no escape. */
  #nextBackslash: number;
  /** The members and items of all open containers: where each begins and ends, and its canonical text where that is another. */
  #parts = 0;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #rewritten: (string | undefined)[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#nextBackslash = indexOfBackslash(text, 0);
  }

  whole(): string {
    this.#stepOverSpace();
    const start = this.#at;
    return this.#value() ?? this.#text.slice(start, this.#at);
  }

  #value(): string | undefined {
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

  #object(): string | undefined {
    const first = this.#parts;
    let isVerbatim = this.#enter();
    let isInOrder = true;
    while (this.#text.charCodeAt(this.#at) !== closeBrace && this.#at < this.#text.length) {
      const start = this.#at;
      const rewritten = this.#member();
      if (this.#parts > first) isInOrder &&= this.#keysAreInOrder(this.#starts[this.#parts - 1] ?? start, start);
      this.#push(start, rewritten);
      if (rewritten !== undefined) isVerbatim = false;
      if (!this.#leave()) isVerbatim = false;
    }
    this.#at += 1;
    if (isVerbatim && isInOrder) return this.#drop(first);
    if (!isInOrder) this.#sort(first);
    return `{${this.#join(first)}}`;
  }

  #array(): string | undefined {
    const first = this.#parts;
    let isVerbatim = this.#enter();
    while (this.#text.charCodeAt(this.#at) !== closeBracket && this.#at < this.#text.length) {
      const start = this.#at;
      const rewritten = this.#value();
      this.#push(start, rewritten);
      if (rewritten !== undefined) isVerbatim = false;
      if (!this.#leave()) isVerbatim = false;
    }
    this.#at += 1;
    return isVerbatim ? this.#drop(first) : `[${this.#join(first)}]`;
  }

  #member(): string | undefined {
    const start = this.#at;
    const key = this.#string();
    const keyEnd = this.#at;
    const isSpaced = this.#stepOverSpace();
    this.#at += 1; // the colon
    const isPlain = !this.#stepOverSpace() && !isSpaced && key === undefined;
    const valueStart = this.#at;
    const value = this.#value();
    if (isPlain && value === undefined) return undefined;
    return `${key ?? this.#text.slice(start, keyEnd)}:${value ?? this.#text.slice(valueStart, this.#at)}`;
  }

  #string(): string | undefined {
    const start = this.#at;
    this.#at = stringEnd(this.#text, start);
    if (this.#at <= this.#nextBackslash) return undefined;
    this.#nextBackslash = indexOfBackslash(this.#text, this.#at);
    const literal = this.#text.slice(start, this.#at);
    return hasOtherSpelling(literal) ? JSON.stringify(JSON.parse(literal)) : undefined;
  }

  #scalar(): string | undefined {
    const start = this.#at;
    this.#at = scalarEnd(this.#text, start);
    const scalar = this.#text.slice(start, this.#at);
    const written = canonicalNumber(scalar);
    return written === scalar ? undefined : written;
  }

  /** @returns whether no white space follows the opening bracket. */
  #enter(): boolean {
    this.#at += 1;
    return !this.#stepOverSpace();
  }

  /** Steps over the comma before the next member, or up to the closing bracket. @returns whether there was no white space. */
  #leave(): boolean {
    const isSpaced = this.#stepOverSpace();
    if (this.#text.charCodeAt(this.#at) !== comma) return !isSpaced;
    this.#at += 1;
    return !this.#stepOverSpace() && !isSpaced;
  }

  #stepOverSpace(): boolean {
    if (this.#text.charCodeAt(this.#at) > space) return false;
    const start = this.#at;
    this.#at = skipSpace(this.#text, start);
    return this.#at > start;
  }

  #push(start: number, rewritten: string | undefined): void {
    this.#set(this.#parts, start, this.#at, rewritten);
    this.#parts += 1;
  }

  #set(part: number, start: number, end: number, rewritten: string | undefined): void {
    this.#starts[part] = start;
    this.#ends[part] = end;
    this.#rewritten[part] = rewritten;
  }

  /** Forgets the parts of a container that has been read. */
  #drop(first: number): undefined {
    this.#parts = first;
  }

  #join(first: number): string {
    let joined = "";
    for (let part = first; part < this.#parts; part += 1)
      joined += part === first ? this.#partText(part) : `,${this.#partText(part)}`;
    this.#drop(first);
    return joined;
  }

  /** Equal keys stay in the order written. */
  #sort(first: number): void {
    if (this.#parts - first > fewMembers) return this.#sortMany(first);
    for (let part = first + 1; part < this.#parts; part += 1) {
      const start = this.#starts[part] ?? 0;
      const end = this.#ends[part] ?? 0;
      const rewritten = this.#rewritten[part];
      let place = part;
      for (; place > first && !this.#keysAreInOrder(this.#starts[place - 1] ?? 0, start); place -= 1) {
        this.#set(place, this.#starts[place - 1] ?? 0, this.#ends[place - 1] ?? 0, this.#rewritten[place - 1]);
      }
      this.#set(place, start, end, rewritten);
    }
  }

  #sortMany(first: number): void {
    const members = Array.from({ length: this.#parts - first }, (_, index) => {
      const start = this.#starts[first + index] ?? 0;
      return { start, end: this.#ends[first + index] ?? 0, rewritten: this.#rewritten[first + index], key: this.#keyAt(start) };
    });
    members.sort((a, b) => compare(a.key, b.key));
    for (const [index, { start, end, rewritten }] of members.entries()) this.#set(first + index, start, end, rewritten);
  }

  #partText(part: number): string {
    return this.#rewritten[part] ?? this.#text.slice(this.#starts[part], this.#ends[part]);
  }

  /** Most keys differ in their first letters, where they stand. */
  #keysAreInOrder(one: number, other: number): boolean {
    const text = this.#text;
    for (let at = 1; ; at += 1) {
      const a = text.charCodeAt(one + at);
      const b = text.charCodeAt(other + at);
      if (a === b && a !== quote && a !== backslash) continue;
      if (a === backslash || b === backslash) return this.#keyAt(one) <= this.#keyAt(other);
      return a === quote || (b !== quote && a < b);
    }
  }

  #keyAt(start: number): string {
    return decodeString(this.#text.slice(start, stringEnd(this.#text, start)));
  }
}

function indexOfBackslash(text: string, from: number): number {
  const at = text.indexOf("\\", from);
  return at === -1 ? text.length : at;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Of all escapes only these two have another, canonical spelling; most texts, with their `\n` and `\"`, are canonical as they stand. */
function hasOtherSpelling(literal: string): boolean {
  if (!literal.includes("\\")) return false;
  return literal.includes("\\u") || literal.includes("\\/");
}
