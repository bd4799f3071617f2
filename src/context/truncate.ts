import { editJson } from "../json/json-edits.ts";
import { removeElements } from "../json/json-removals.ts";
import { lastValueText } from "../json/json-text.ts";
import { conversationOf } from "./conversation.ts";
import type { CountTokens, MeasuredRequest, Overflow } from "./room.ts";

/** A request that lost its oldest turns. */
interface Truncation {
  /** What is left, byte for byte. */
  readonly body: string;
  /** What went: `messages[1]`, or `input[1]`. */
  readonly dropped: readonly string[];
}

/**
 * Drops as many of the oldest turns as it takes for a request to fit, and no more. System and developer messages stay, and so does the
 * last turn; a turn goes whole, so calls of tools keep their results, and the first message left is a user's.
 *
 * @param overflow Of the request.
 * @param countTokens The count by which it overflows; more messages must not count less.
 * @returns undefined where that does not make it fit.
 */
export function truncate(request: MeasuredRequest, overflow: Overflow, countTokens: CountTokens): Truncation | undefined {
  const conversation = conversationOf(request.path, JSON.parse(request.body));
  if (conversation === undefined) return undefined;
  const { key, turns } = conversation;
  const list = lastValueText(request.body, key) ?? "[]";
  const without = (count: number): string => {
    const text = removeElements(list, new Set(turns.slice(0, count).flat()));
    return editJson(request.body, [{ keys: [key], replaces: "value", text }]);
  };
  const maxInputTokens = overflow.windowTokens - overflow.outputTokens;
  const fits = (count: number): boolean => countTokens({ ...request, body: without(count) }) <= maxInputTokens;
  const count = fewest(turns.length - 1, Math.ceil(turns.length * (1 - maxInputTokens / overflow.inputTokens)), fits);
  if (count === undefined) return undefined;
  const dropped = turns.slice(0, count).flat();
  return { body: without(count), dropped: dropped.map((index) => `${key}[${index}]`) };
}

/**
 * The smallest number of 1 or more that is enough; bisects from where it is likely to be, for a count of a long request takes milliseconds.
 *
 * @returns undefined where even `max` is not enough.
 */
function fewest(max: number, likely: number, isEnough: (count: number) => boolean): number | undefined {
  if (max < 1 || !isEnough(max)) return undefined;
  let tooFew = 0;
  let enough = max;
  let next = likely;
  for (let probes = 1; enough - tooFew > 1; probes += 1) {
    const probe = Math.min(Math.max(next, tooFew + 1), enough - 1);
    const isFound = isEnough(probe);
    if (isFound) enough = probe;
    else tooFew = probe;
    next = probes === 1 ? probe + (isFound ? -1 : 1) : Math.floor((tooFew + enough) / 2);
  }
  return enough;
}
