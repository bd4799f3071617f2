/** One member of an object, as indexes in its text. */
export interface JsonMember {
  readonly key: string;
  /** Where the key's opening quote stands. */
  readonly start: number;
  readonly valueStart: number;
  /** Just past the value's last character. */
  readonly end: number;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * Lists the members of the object that `text` is, in the order written, duplicates included.
 *
 * @param text Valid JSON of an object: call `JSON.parse` first. For other text the list means nothing, or it throws a SyntaxError.
 */
export function objectMembers(text: string): JsonMember[] {
  const members: JsonMember[] = [];
  let at = skipSpace(text, 0) + 1;
  for (;;) {
    at = skipSpace(text, at);
    if (text.charCodeAt(at) !== quote) return members;
    const start = at;
    at = stringEnd(text, at);
    const key = decodeString(text.slice(start, at));
    at = skipSpace(text, skipSpace(text, at) + 1);
    const valueStart = at;
    at = valueEnd(text, at);
    members.push({ key, start, valueStart, end: at });
    at = skipSpace(text, at);
    if (text.charCodeAt(at) !== comma) return members;
    at += 1;
  }
}

/**
 * The text of the value of `key`: of its last one where a key stands twice, as `JSON.parse` reads it. Makes nothing but that text.
 *
 * @param text Valid JSON of an object, as for `objectMembers`.
 */
export function lastValueText(text: string, key: string): string | undefined {
  let from = 0;
  let to = 0;
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (text.charCodeAt(at) === quote) {
    const keyStart = at;
    const keyEnd = stringEnd(text, at);
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = valueEnd(text, valueStart);
    if (isKey(text, keyStart, keyEnd, key)) {
      from = valueStart;
      to = end;
    }
    at = skipSpace(text, end);
    if (text.charCodeAt(at) !== comma) break;
    at = skipSpace(text, at + 1);
  }
  return to === 0 ? undefined : text.slice(from, to);
}

/** Members of an object: JSON texts by key. */
export type MemberTexts = ReadonlyMap<string, string>;

/** @returns what JSON has of the object: no member for `undefined` or a function. */
export function memberTexts(object: Readonly<Record<string, unknown>>): MemberTexts {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(object)) {
    const text: string | undefined = JSON.stringify(value);
    if (text !== undefined) texts.set(key, text);
  }
  return texts;
}

/**
 * Puts members before those that an object's text has.
 *
 * @param text JSON of an object.
 * @param members `"key":value`, any number of them with commas between, at least one.
 */
export function prependMembers(text: string, members: string): string {
  const inside = skipSpace(text, 0) + 1;
  const isEmpty = text[skipSpace(text, inside)] === "}";
  return `{${members}${isEmpty ? "" : ","}${text.slice(inside)}`;
}

/** Deepest nesting of objects and arrays in valid JSON; 0 for a bare string or number. Does not recurse. */
export function nestingDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = stringEnd(text, at) - 1;
    else if (code === openBrace || code === openBracket) deepest = Math.max(deepest, (depth += 1));
    else if (code === closeBrace || code === closeBracket) depth -= 1;
  }
  return deepest;
}

export function skipSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

/** Just past the closing quote of the string that opens at `from`; the text's end if it never closes. */
export function stringEnd(text: string, from: number): number {
  let at = from;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at === -1) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return at + 1;
  }
}

/** The value of a JSON string literal; most hold no escape and are simply cut out. */
export function decodeString(literal: string): string {
  return literal.includes("\\") ? String(JSON.parse(literal)) : literal.slice(1, -1);
}

/** Most keys are spelled plainly and compared where they stand. */
function isKey(text: string, start: number, end: number, key: string): boolean {
  if (end - start === key.length + 2) return text.startsWith(key, start + 1);
  const literal = text.slice(start, end);
  return literal.includes("\\") && decodeString(literal) === key;
}

/** Just past the value that begins at `from`. */
export function valueEnd(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === quote) return stringEnd(text, from);
  if (first !== openBrace && first !== openBracket) return scalarEnd(text, from);
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = stringEnd(text, at) - 1;
    else if (code === openBrace || code === openBracket) depth += 1;
    else if (code === closeBrace || code === closeBracket) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

/** Just past a number or a literal. */
export function scalarEnd(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code <= 0x20 || code === comma || code === colon || code === closeBrace || code === closeBracket) break;
  }
  return at;
}
