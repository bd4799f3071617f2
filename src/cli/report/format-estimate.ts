import type { Options } from "../../config/options.ts";
import type { Estimate, Range } from "../../estimation/estimation.ts";
import { formatCount, formatDuration, formatUsd } from "../../text/format-numbers.ts";
import { formatRows } from "../../text/format-rows.ts";
import { printable } from "../../text/printable.ts";

const maxModelsNamed = 5;

/** For people, without a final line feed. @param pricesDate The day of the prices. */
export function formatEstimate(estimate: Estimate, pricesDate: string | undefined): string {
  const { requests, cached, toSend, inputTokens, outputTokens, seconds, boundBy } = estimate;
  const sent = cached === 0 ? "" : `, ${formatCount(cached)} of them in the cache, ${formatCount(toSend)} to send`;
  const rows = [
    ["requests", `${formatCount(requests)}${sent}`],
    ["input", `${formatCount(inputTokens)} tokens (${howCounted(estimate)})`],
    ["output", `${describe(outputTokens, formatCount)} tokens (${howExpected(estimate)})`],
    ["cost", describeCost(estimate, pricesDate)],
    ["time", boundBy === null ? "none" : `${describe(seconds, formatDuration)}, bound by ${boundBy}`],
  ] as const;
  return formatRows(rows);
}

/** Which caps of the run it is expected to reach. */
export function describeCaps(
  { costUsd, inputTokens, outputTokens, seconds }: Estimate,
  { max_cost: maxUsd = Infinity, max_tokens_total: maxTokens = Infinity, deadline: maxMs = Infinity }: Caps,
): string[] {
  const tokens = inputTokens + outputTokens.expected;
  const reached = [
    [(costUsd?.expected ?? 0) > maxUsd, `--max-cost ${maxUsd}: it is expected to cost ${formatUsd(costUsd?.expected ?? 0)}`],
    [tokens > maxTokens, `--max-tokens-total ${maxTokens}: it is expected to take ${formatCount(tokens)}`],
    [
      seconds.expected * 1000 > maxMs,
      `--deadline ${formatDuration(maxMs / 1000)}: it is expected to take ${formatDuration(seconds.expected)}`,
    ],
  ] as const;
  return reached.filter(([isReached]) => isReached).map(([, why]) => `the run would not get to its end within ${why}`);
}

type Caps = Pick<Options, "max_cost" | "max_tokens_total" | "deadline">;

function howCounted({ toSend, counted }: Estimate): string {
  if (toSend === 0) return "nothing is to be sent";
  if (counted === toSend) return "counted";
  return counted === 0 ? "estimated" : `${formatCount(counted)} requests counted, the others estimated`;
}

function howExpected({ answersSeen }: Estimate): string {
  return answersSeen === 0 ? "assumed: fewer than 5 answers are known" : `by ${formatCount(answersSeen)} answers that are known`;
}

function describeCost({ costUsd, unpricedModels }: Estimate, date: string | undefined): string {
  const priced = date === undefined ? "" : ` (prices of ${date})`;
  if (costUsd !== null) return `${describe(costUsd, formatUsd)}${priced}`;
  const named = unpricedModels
    .slice(0, maxModelsNamed)
    .map((model) => printable(model))
    .join(", ");
  const more = unpricedModels.length - maxModelsNamed;
  return `? (no price is known for ${named}${more > 0 ? ` and ${more} more` : ""})`;
}

/** The range where it is one: what it is expected to be, and from where to where it may be. */
function describe({ low, expected, high }: Range, format: (value: number) => string): string {
  const texts = [low, expected, high].map(format);
  const isOne = texts[0] === texts[2];
  return isOne ? `${texts[1]}` : `${texts[1]}, from ${texts[0]} to ${texts[2]}`;
}
