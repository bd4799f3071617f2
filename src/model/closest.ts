import { ConfigurationError } from "./errors.ts";

/** Of the words that are known, the one that `word` probably stands for: with a third of its letters wrong, missing or too many at most. */
export function closestTo(word: string, known: readonly string[]): string | undefined {
  return closestNames(word, known, 1)[0];
}

/** The same, with up to `count` of them, the closest first. */
export function closestNames(word: string, known: readonly string[], count: number): string[] {
  return known
    .map((candidate) => ({ candidate, edits: countEdits(word, candidate) }))
    .filter(({ candidate, edits }) => edits * 3 <= candidate.length)
    .toSorted((a, b) => a.edits - b.edits)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

/** Letters to add, leave out, change, or swap with the next (optimal string alignment). */
function countEdits(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let at = 1; at <= to.length; at += 1) {
      const isSame = from[row - 1] === to[at - 1];
      const isSwapped = row > 1 && at > 1 && from[row - 1] === to[at - 2] && from[row - 2] === to[at - 1];
      const edits = [(last[at] ?? 0) + 1, (current[at - 1] ?? 0) + 1, (last[at - 1] ?? 0) + (isSame ? 0 : 1)];
      if (isSwapped) edits.push((beforeLast[at - 2] ?? 0) + 1);
      current.push(Math.min(...edits));
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length] ?? 0;
}

/**
 * Refuses options that do not exist, which TypeScript does not see everywhere: they would be without effect.
 *
 * @param what They are options of.
 * @throws ConfigurationError naming the first one, and the nearest that exists.
 */
export function refuseUnknownOptions(what: string, given: object, known: readonly string[]): void {
  const option = Object.keys(given).find((name) => !known.includes(name));
  if (option === undefined) return;
  const closest = closestTo(option, known);
  const instead = closest === undefined ? `there are: ${known.join(", ")}` : `did you mean \`${closest}\`?`;
  throw new ConfigurationError(`${what} has no option \`${option}\`; ${instead}`, { option });
}
