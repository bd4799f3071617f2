import * as fc from "fast-check";

/** A JSON value before anyone has decided how to write it. Scalars that are no strings are already written. */
export type Tree = { readonly scalar: string } | { readonly string: string } | readonly Tree[] | ObjectTree;

export interface ObjectTree {
  readonly members: readonly (readonly [key: string, value: Tree])[];
}

const oddStrings = [
  "",
  "__proto__",
  "constructor",
  '"',
  "\\",
  '\\"',
  "}",
  "a,b:c]{",
  "\u2028",
  "\uD800",
  "\uDC00x",
  "😀",
  "\0",
  "\n",
];
const oddNumbers = ["0", "-0", "1.0", "1", "1e2", "9223372036854775807", "1e400", "0.1234567890123456789", "-1.5E-3"];

/** Any UTF-16 at all, lone surrogates too, with a liking for what trips up parsers. */
export const arbitraryText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...oddStrings),
  fc.string({ maxLength: 8 }),
  fc.array(fc.nat({ max: 0xffff }), { maxLength: 5 }).map((units) => String.fromCharCode(...units)),
);
const scalar = fc.oneof(
  fc.constantFrom("true", "false", "null", ...oddNumbers),
  fc.integer().map(String),
  fc.double().map(writeDouble),
);

const { tree, object } = fc.letrec<{ tree: Tree; object: ObjectTree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar.map((written) => ({ scalar: written })),
    arbitraryText.map((string) => ({ string })),
    fc.array(tie("tree"), { maxLength: 4 }),
    tie("object"),
  ),
  object: fc
    .uniqueArray(fc.tuple(arbitraryText, tie("tree")), { maxLength: 5, selector: ([key]) => key })
    .map((members) => ({ members })),
}));

/** Any value; keys are unique within an object. */
export const arbitraryTree: fc.Arbitrary<Tree> = tree;
export const arbitraryObject: fc.Arbitrary<ObjectTree> = object;
/** For `writeJson`: each seed writes the same value another way. */
export const arbitraryStyle: fc.Arbitrary<number> = fc.integer();

/** Writes a value with white space and escapes as the seed has it; never with a line feed, so that it fits a line. */
export function writeJson(value: Tree, seed: number, options: { shuffle?: boolean } = {}): string {
  const random = randomFrom(seed);
  const space = (): string => pick(random, ["", "", "", " ", "  ", "\t", "\r"]);
  const write = (part: Tree): string => `${space()}${writeBare(part)}${space()}`;
  const writeBare = (part: Tree): string => {
    if ("scalar" in part) return part.scalar;
    if ("string" in part) return writeString(part.string, random);
    if ("members" in part) {
      const members = part.members.map(([key, item]) => `${space()}${writeString(key, random)}${space()}:${write(item)}`);
      if (options.shuffle) members.sort(() => random() - 0.5);
      return `{${members.join(",") || space()}}`;
    }
    return `[${part.map(write).join(",") || space()}]`;
  };
  return write(value);
}

export function writeString(value: string, random: () => number): string {
  return `"${[...value].map((character) => writeCharacter(character, random)).join("")}"`;
}

export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "/": "\\/",
  "\n": "\\n",
  "\t": "\\t",
  "\b": "\\b",
};

function writeCharacter(character: string, random: () => number): string {
  const short = shortEscapes[character];
  if (short !== undefined && random() < 0.5) return short;
  const mustEscape = /["\\]|\p{Surrogate}/u.test(character) || character < " ";
  if (!mustEscape && random() < 0.8) return character;
  return character
    .split("")
    .map((unit) => unicodeEscape(unit, random))
    .join("");
}

function unicodeEscape(unit: string, random: () => number): string {
  const hex = unit.charCodeAt(0).toString(16).padStart(4, "0");
  return `\\u${random() < 0.5 ? hex : hex.toUpperCase()}`;
}

function writeDouble(value: number): string {
  return Number.isFinite(value) ? String(value) : "0";
}

function pick(random: () => number, choices: readonly string[]): string {
  return choices[Math.floor(random() * choices.length)] ?? "";
}
