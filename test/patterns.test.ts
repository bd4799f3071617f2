import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { expect, it, vi } from "vitest";
import { parseSync } from "vite";

const source = join(import.meta.dirname, "..", "src");

/** What they read is short, and from the user or from ourselves: requests to the mock, settings, numbers. */
const readsOwn = /^(?:mock|config|caches)\/|^providers\/base-url\.ts$|^(?:cli\/program|text\/format-numbers)\.ts$/;
const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !readsOwn.test(path))
  .map((path) => ({ path, patterns: readPatterns(readFileSync(join(source, path), "utf8")) }));

/** One makes its pattern of secrets, escaped: it repeats nothing. The other has the user's own, and ends a check after a second. */
const isBounded = new Set(["text/redaction.ts", "validation/compile-schema.ts"]);
const composing = files.filter(({ path, patterns }) => patterns.composes && !isBounded.has(path)).map(({ path }) => path);

/** Of which the larger is what is looked at of a message. */
const smallSize = 125;
const largeSize = 2_000;
/** Where the slowest of some hundred attacks show: those that are slow take 16 times as long with `largeSize`. */
const firstSize = 500;
/** Between 16, of a pattern that goes through its text once, and 256, of one that does so from each character. */
const maxGrowth = 64;

it.each(files.flatMap(({ patterns }) => patterns.literals))(
  "%s takes time in proportion to what a server wrote: 22 KB once took seconds",
  (pattern) => {
    expect(slowAttacks(pattern)).toEqual([]);
  },
);

it.each(composing)("so do the patterns that %s puts together", async (path) => {
  const patterns = await composedIn(path);
  expect(patterns).not.toEqual([]);
  expect(patterns.flatMap(slowAttacks)).toEqual([]);
});

it.each([/exceed\w* the context/i, /too large.*limit (\d+),.*requested (\d+)/is, /\s+$/, /<b\b[^>]*>[^<]*<\/b>/g])(
  "%s would not",
  (pattern) => {
    expect(slowAttacks(pattern)).not.toEqual([]);
  },
);

/** The patterns that stand in a program, and whether it makes others. */
function readPatterns(text: string): { literals: RegExp[]; composes: boolean } {
  const literals: RegExp[] = [];
  let composes = false;
  JSON.stringify(parseSync("file.ts", text).program, (_key, node) => {
    if (node?.regex !== undefined) literals.push(new RegExp(node.regex.pattern, node.regex.flags));
    composes ||= node?.callee?.name === "RegExp";
    return typeof node === "bigint" ? String(node) : node;
  });
  return { literals, composes };
}

/** The patterns that a file makes while it is loaded. */
async function composedIn(path: string): Promise<RegExp[]> {
  const made: RegExp[] = [];
  const Recording = class extends RegExp {
    constructor(pattern: string | RegExp, flags?: string) {
      super(pattern, flags);
      made.push(this);
    }
  };
  vi.stubGlobal("RegExp", Recording);
  await import(/* @vite-ignore */ `${join(source, path)}?composed`);
  vi.unstubAllGlobals();
  return made;
}

interface Attack {
  readonly start: string;
  /** Comes again and again, until a character follows that ends no match. */
  readonly part: string;
}

/** Of texts that match: each beginning, and each part of it that may follow without an end. */
function attacksOn({ source: text, flags }: RegExp): Attack[] {
  const plain = text
    .replaceAll(/\\[bB]/g, "")
    .replaceAll(/\(\?[=!]/g, "(?:")
    .replaceAll(/\\p\{\w+\}/g, String.raw`\u0007`);
  const matching = fc.stringMatching(new RegExp(plain, flags.replaceAll(/[iy]/g, "")));
  return fc.sample(matching, { numRuns: 3, seed: 1 }).flatMap((match) => {
    const cuts = Array.from(match.slice(0, 16), (_, at) => at);
    return cuts.flatMap((from) =>
      cuts.slice(from).map((to) => ({ start: match.slice(0, from), part: match.slice(from, to + 1) })),
    );
  });
}

/** Those on which time grows faster than the text, of the three that take longest. */
function slowAttacks(pattern: RegExp): Attack[] {
  const attacks = attacksOn(pattern);
  const milliseconds = timesOf(pattern, attacks, firstSize, 3);
  const slowest = attacks.map((attack, at) => ({ attack, ms: milliseconds[at] ?? 0 })).toSorted((a, b) => b.ms - a.ms);
  const suspects = slowest.slice(0, 3).map(({ attack }) => attack);
  const small = timesOf(pattern, suspects, smallSize, 9);
  const large = timesOf(pattern, suspects, largeSize, 9);
  return suspects.filter((_, at) => (large[at] ?? 0) / (small[at] ?? 0) > maxGrowth);
}

const measure = `texts.map((text) => {
  const times = Array.from({ length: repeats }, () => {
    const start = now();
    text.replace(pattern, "");
    return now() - start;
  });
  return Math.min(...times);
})`;

/** In a context of its own, which a pattern that takes for ever can be ended in. @returns the shortest times. */
function timesOf(pattern: RegExp, attacks: readonly Attack[], size: number, repeats: number): number[] {
  const texts = attacks.map(({ start, part }) => `${start}${part.repeat(Math.ceil(size / part.length))}\u0001`);
  return runInNewContext(measure, { texts, pattern, repeats, now: () => performance.now() }, { timeout: 60_000 });
}
