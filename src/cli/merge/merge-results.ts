import { formatCount } from "../../text/format-numbers.ts";
import { readJson, RequestParser } from "../../jsonl/jsonl.ts";
import { member } from "../../json/json-value.ts";
import type { Inputs } from "../input/inputs.ts";
import type { Output } from "../output/output.ts";
import type { PartFile } from "./part-file.ts";
import { ResultIndex, type ResultPlace } from "./result-index.ts";

/** Some ids, and how many there are. */
class NamedCount {
  count = 0;
  readonly ids: string[] = [];

  /** @param id Called only for the first ones. */
  add(id: () => string): void {
    this.count += 1;
    if (this.ids.length < maxNamed) this.ids.push(id());
  }

  toString(): string {
    return [
      ...this.ids,
      ...(this.count > this.ids.length ? [`… and ${formatCount(this.count - this.ids.length)} more`] : []),
    ].join(", ");
  }
}

const maxNamed = 10;

export interface Merged {
  readonly written: number;
  /** Lines of the order, with the results that they lack. */
  readonly lines: number;
  readonly missing: NamedCount;
  /** Results that were left out because another of their `custom_id` was written. */
  readonly doubles: NamedCount;
  /** Results that are of no line of the order. */
  readonly unknown: NamedCount;
}

/** Finds all results. @throws ConfigurationError naming the first line that is none. */
export function indexParts(parts: readonly PartFile[]): ResultIndex {
  const index = new ResultIndex();
  for (const [number, part] of parts.entries()) for (const found of part.results(number)) index.add(found);
  return index;
}

/**
 * Writes the results in order, each as it stands in its file.
 *
 * @param order Lines with the `custom_id`s in the wanted order. @default as they come in the parts, one after the other
 */
export async function mergeResults(
  parts: readonly PartFile[],
  index: ResultIndex,
  order: Inputs | undefined,
  output: Output,
  warn: (warning: string) => void,
): Promise<Merged> {
  const textOf = (place: ResultPlace): string => parts[place.part]?.line(place) ?? "";
  const idOf = (place: ResultPlace): string => String(member(readJson(textOf(place)), "custom_id"));
  const missing = new NamedCount();
  let lines = 0;
  let written = 0;
  const ordered =
    order === undefined ? index.takeEach() : takeInOrder(index, order, warn, (customId) => missing.add(() => customId));
  for await (const place of ordered) {
    lines += 1;
    if (place === undefined) continue;
    const pending = output.write(textOf(place), "\n");
    if (pending !== undefined) await pending;
    if (output.readerGone) break;
    written += 1;
  }
  const [doubles, unknown] = [new NamedCount(), new NamedCount()];
  for (const place of index.left(true)) doubles.add(() => idOf(place));
  if (order !== undefined) for (const place of index.left(false)) unknown.add(() => idOf(place));
  return { written, lines, missing, doubles, unknown };
}

/** A line whose `custom_id` was there before gets the next of its results: of a batch with `--skip-invalid` both have one. */
async function* takeInOrder(
  index: ResultIndex,
  order: Inputs,
  warn: (warning: string) => void,
  onMissing: (customId: string) => void,
): AsyncGenerator<ResultPlace | undefined> {
  const parser = new RequestParser({ checkOnly: true, idsAreUnique: true });
  for await (const group of order.lines(warn)) {
    for (const line of group) {
      const { customId } = parser.parse(line);
      const place = index.take(customId);
      if (place === undefined) onMissing(customId);
      yield place;
    }
  }
}
