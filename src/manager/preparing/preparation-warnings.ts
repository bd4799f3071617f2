import type { Overflow } from "../../context/context.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { Sanitizing } from "../../sanitizing/sanitizing.ts";
import { formatCount } from "../../text/format-numbers.ts";
import type { PreparationWarning } from "./preparation.ts";

type Line = Pick<BatchRequest, "customId" | "lineNumber">;

/** Says a warning; of a line, if it is of one. */
export type SayWarning = (message: string, line?: Line) => void;

const maxNamed = 10;
/** A file may name any number of models. */
const maxRefusals = 100;

/** Requests for one model that one rule is about. */
interface Refusal {
  readonly model: string;
  readonly first: Line;
  readonly changes: Set<string>;
  count: number;
}

/** Says of each request that it is too long, but names 10 of them at most; and of each model and rule what is refused. */
export class PreparationWarnings {
  readonly #say: SayWarning;
  readonly #isLive: boolean;
  readonly #afterword: string;
  readonly #refusals = new Map<string, Refusal>();
  #tooLong = 0;
  #toldTooLong = maxNamed;

  /**
   * @param isLive Whether the first refusal of a kind is said as it comes, and not only with all others.
   * @param afterword Said of what is too long.
   */
  constructor(say: SayWarning, isLive = true, afterword = "") {
    this.#say = say;
    this.#isLive = isLive;
    this.#afterword = afterword;
  }

  add({ model, overflow, refused }: PreparationWarning, { customId, lineNumber }: Line): void {
    const line = { customId, lineNumber };
    if (overflow !== undefined) this.#addTooLong(model, overflow, line);
    for (const sanitizing of refused) this.#addRefused(model, sanitizing, line);
  }

  /** Says how many more there were, since it was called last. */
  sumUp(): void {
    const more = this.#tooLong - this.#toldTooLong;
    if (more > 0) this.#say(`… and ${formatCount(more)} more requests are too long for their model`);
    this.#toldTooLong = Math.max(this.#toldTooLong, this.#tooLong);
    for (const refusal of this.#refusals.values()) {
      const { first, count } = refusal;
      if (!this.#isLive) this.#say(describe(refusal), first);
      else if (count > 1) this.#say(describe(refusal));
      refusal.count = 0;
    }
  }

  #addTooLong(model: string, { inputTokens, outputTokens, windowTokens }: Overflow, line: Line): void {
    this.#tooLong += 1;
    if (this.#tooLong > maxNamed) return;
    const answer = outputTokens === 0 ? "" : `, and its answer needs ${formatCount(outputTokens)}`;
    const size = `it has about ${formatCount(inputTokens)}${answer}`;
    this.#say(`too long for ${model}, which holds ${formatCount(windowTokens)} tokens: ${size}${this.#afterword}`, line);
  }

  #addRefused(model: string, { rule, changes }: Sanitizing, first: Line): void {
    const key = `${rule.name} ${model}`;
    let refusal = this.#refusals.get(key);
    const isNew = refusal === undefined;
    if (isNew && this.#refusals.size >= maxRefusals) return;
    refusal ??= { model, first, changes: new Set(), count: 0 };
    refusal.count += 1;
    for (const change of changes) refusal.changes.add(change);
    this.#refusals.set(key, refusal);
    if (isNew && this.#isLive) this.#say(describe(refusal), first);
  }
}

/** `gpt-5 refuses temperature, top_p, and --sanitize fix leaves that out (12 requests)`. */
function describe({ model, changes, count }: Refusal): string {
  const list = [...changes].join(", ");
  const [name = "", newName] = list.split(" -> ");
  const what = list.startsWith("+")
    ? `${model} needs ${list.slice(1, list.indexOf("="))}, and --sanitize fix adds ${list.slice(1)}`
    : `${model} refuses ${name}, and --sanitize fix ${newName === undefined ? "leaves that out" : `writes ${newName}`}`;
  return count > 1 ? `${what} (${formatCount(count)} requests)` : what;
}
