import { parseJson } from "../../json/json-value.ts";
import { stringEnd } from "../../json/json-text.ts";

/** Longer texts are not parsed whole: 46 MB of brackets became 2 GB of arrays. */
export const maxParsedLength: number = 1024 * 1024;

/** Parsed at a time of what is longer. */
const runLength = 64 * 1024;
/** Kept of a long list, and of a long object. */
const maxKept = 1_000;
/** No API nests a tenth of that, and each level is remembered until it closes. */
const maxDepth = 10_000;

const quote = 0x22;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** An object or a list that has not closed yet. */
interface Container {
  isList: boolean;
  openAt: number;
  /** What stands before has been parsed. */
  parsedTo: number;
  /** The key of the value that comes, in an object. */
  keyFrom: number;
  keyTo: number;
  /** A long value ended at `parsedTo`: a comma or the end follows. */
  followsLong: boolean;
  /** What is kept of it, once it is known to be long: entries by key or index. */
  entries: Map<string | number, unknown> | undefined;
  length: number;
}

/**
 * Parses JSON in bounded memory. All of it is checked; of a text above 1 MiB an extract is made, in which a long list has its true
 * `length` but only its first items, and a long object its first members.
 *
 * @returns undefined for a text that is no JSON, or one above 1 MiB with more than 10,000 levels.
 */
export function extractJson(text: string): unknown {
  if (text.length <= maxParsedLength) return parseJson(text);
  try {
    return new JsonExtractor(text).extract();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Goes through a text once and has `JSON.parse` read it in runs, each as the content of the long container that it stands in. */
class JsonExtractor {
  readonly #text: string;
  /** Those that are open, and behind them others to use again: a text may have 15 million. */
  readonly #containers: Container[] = [];
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** @throws SyntaxError */
  extract(): unknown {
    const text = this.#text;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === quote) at = this.#string(at) - 1;
      else if (code === comma) this.#comma(at);
      else if (code === openBrace || code === openBracket) this.#push(code === openBracket, at);
      else if (code === closeBrace || code === closeBracket) {
        const container = this.#innermost();
        if (container !== undefined) this.#depth -= 1;
        if (container?.entries === undefined) continue; // short: it is parsed with what it stands in
        const value = this.#close(container, code === closeBracket, at);
        const outer = this.#innermost();
        if (outer === undefined) return this.#isAlone(container.openAt, at + 1) ? value : undefined;
        this.#addLong(outer, value, container.openAt, at + 1);
      }
    }
    return JSON.parse(text); // a long string, or no JSON
  }

  #innermost(): Container | undefined {
    return this.#depth === 0 ? undefined : this.#containers[this.#depth - 1];
  }

  #push(isList: boolean, at: number): void {
    if (this.#depth === maxDepth) throw new SyntaxError("nested too deeply");
    const container = this.#containers[this.#depth];
    this.#depth += 1;
    if (container === undefined) {
      const parsedTo = at + 1;
      this.#containers.push({
        isList,
        openAt: at,
        parsedTo,
        keyFrom: 0,
        keyTo: 0,
        followsLong: false,
        entries: undefined,
        length: 0,
      });
      return;
    }
    container.isList = isList;
    container.openAt = at;
    container.parsedTo = at + 1;
    container.followsLong = false;
    container.entries = undefined;
    container.length = 0;
  }

  /** @returns where it ends. */
  #string(from: number): number {
    const to = stringEnd(this.#text, from);
    const container = this.#innermost();
    if (container === undefined) return to;
    container.keyFrom = from;
    container.keyTo = to;
    return to;
  }

  #comma(at: number): void {
    const container = this.#innermost();
    if (container === undefined || (!container.followsLong && at - container.parsedTo < runLength)) return;
    this.#parseRun(container, at);
    container.parsedTo = at + 1;
  }

  #close(container: Container, isList: boolean, at: number): unknown {
    if (container.isList !== isList) throw new SyntaxError("closed by another bracket");
    this.#parseRun(container, at);
    const { entries = new Map(), length } = container;
    if (!isList) return Object.fromEntries(entries);
    return Object.assign([...entries.values()], { length });
  }

  #addLong(outer: Container, value: unknown, from: number, to: number): void {
    if (outer.followsLong) throw new SyntaxError("no comma");
    const key: string | number = outer.isList ? outer.length : JSON.parse(this.#text.slice(outer.keyFrom, outer.keyTo));
    this.#parseRun(outer, from, "null");
    keep(outer, outer.isList ? outer.length - 1 : key, value);
    outer.parsedTo = to;
    outer.followsLong = true;
  }

  /** Of a container the text up to `to`, and a stand-in for the long value that begins there. */
  #parseRun(container: Container, to: number, standIn = ""): void {
    const run = this.#text.slice(container.parsedTo, to) + standIn;
    if (container.followsLong !== (run.trim() === "")) throw new SyntaxError("a comma is missing, or one too many");
    container.entries ??= new Map();
    container.followsLong = false;
    if (run.trim() === "") return;
    const parsed: object = JSON.parse(container.isList ? `[${run}]` : `{${run}}`);
    for (const [key, value] of Object.entries(parsed))
      keep(container, container.isList ? container.length + Number(key) : key, value);
    if (Array.isArray(parsed)) container.length += parsed.length;
  }

  #isAlone(from: number, to: number): boolean {
    return this.#text.slice(0, from).trim() === "" && this.#text.slice(to).trim() === "";
  }
}

function keep({ entries }: Container, key: string | number, value: unknown): void {
  if (entries !== undefined && (entries.size < maxKept || entries.has(key))) entries.set(key, value);
}
