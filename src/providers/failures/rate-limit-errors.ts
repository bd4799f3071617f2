import { items, member } from "../../json/json-value.ts";
import { limitUnits, minuteMs, type LimitUnit, type RateLimitReport } from "../../model/rate-limit.ts";
import { findError, readErrorFacts } from "./error-body.ts";

const what = "(?<unit>requests|(?:input |output )?tokens) per (?<period>second|min(?:ute)?|hour|day)";
const amount = String.raw`\d(?:[\d,]*\d)?`;

/** What providers write when a limit is used up, as seen in public reports. */
const wordings: readonly RegExp[] = [
  // OpenAI: "… on tokens per min (TPM): Limit 30000, Used 29500, Requested 1000"; Groq the same, with "minute".
  new RegExp(String.raw`\b${what}\b[^\d\n]{0,12}\bLimit:? (?<limit>${amount})(?:, Used:? (?<used>${amount}))?`, "i"),
  // Anthropic: "… your organization's rate limit of 30,000 input tokens per minute", or "… for your organization (…) of …"
  new RegExp(String.raw`\brate limit\b[^\n]{0,200}? of (?<limit>${amount}) ${what}\b`, "i"),
  // xAI: "Tokens per Minute (actual/limit): 65605/16000"
  new RegExp(String.raw`\b${what} \(actual/limit\): (?<used>${amount})/(?<limit>${amount})`, "i"),
];

const periodsMs: Readonly<Record<string, number>> = {
  second: 1_000,
  min: minuteMs,
  minute: minuteMs,
  hour: 3_600_000,
  day: 86_400_000,
};

/**
 * The limits that a refusal names, for providers whose headers tell none. Google's stand in fields of the body, those of others in the
 * message, so that they only set a pace and never decide what kind of failure this is.
 *
 * @param body Of a response that refused for a limit's sake, parsed.
 * @returns undefined when nothing is said. What remains of a limit is 0 where it is not said: that is why the request was refused.
 */
export function readLimitsOfRefusal(body: unknown): RateLimitReport[] | undefined {
  const reports = [...googleLimits(body), ...limitsInWords(wordsOf(body))];
  return reports.length === 0 ? undefined : reports;
}

/**
 * Which limit a refusal names, be it without its amount.
 *
 * @param codes The error's codes and types, of which OpenAI's is the limit's measure.
 */
export function unitOfRejection(body: unknown, codes: readonly string[]): LimitUnit | undefined {
  return limitUnits.find((unit) => codes.includes(unit)) ?? readLimitsOfRefusal(body)?.[0]?.unit ?? unitWithoutAmount(body);
}

/** Azure: "… have exceeded token rate limit of your current OpenAI S0 pricing tier". Cerebras: "Tokens per minute limit exceeded". */
const amountlessWordings: readonly (readonly [RegExp, LimitUnit])[] = [
  [/\bexceeded token rate limit\b|\btokens per \w+ limit exceeded\b/i, "tokens"],
  [/\bexceeded call rate limit\b|\brequests per \w+ limit exceeded\b/i, "requests"],
];

function unitWithoutAmount(body: unknown): LimitUnit | undefined {
  const words = wordsOf(body);
  return amountlessWordings.find(([wording]) => wording.test(words))?.[1];
}

/** The limit is named at the beginning; a search of megabytes would block the event loop. */
const maxWordsLength = 2_000;

function wordsOf(body: unknown): string {
  return readErrorFacts(body).message.slice(0, maxWordsLength);
}

function limitsInWords(message: string): RateLimitReport[] {
  for (const wording of wordings) {
    const { unit, period, limit, used } = wording.exec(message)?.groups ?? {};
    const report = reportOf(unit, period, limit, used);
    if (report !== undefined) return [report];
  }
  return [];
}

/** A body may hold any number of them, and each report is compared with all others. */
const maxViolations = 20;

/** `google.rpc.QuotaFailure`: the quota's id says what it counts, and how long, as in `GenerateRequestsPerMinutePerProjectPerModel`. */
function googleLimits(body: unknown): RateLimitReport[] {
  const violations = items(member(findError(body), "details"))
    .slice(0, maxViolations)
    .flatMap((detail) => items(member(detail, "violations")).slice(0, maxViolations));
  return violations.slice(0, maxViolations).flatMap((violation) => {
    const id = member(violation, "quotaId");
    const value = member(violation, "quotaValue");
    if (typeof id !== "string" || typeof value !== "string") return [];
    const [unit] = /Requests|InputTokens|OutputTokens/.exec(id) ?? [];
    const [, period] = /Per(Minute|Day)/.exec(id) ?? [];
    const report = reportOf(unit?.replace("Tokens", " tokens"), period, value, undefined);
    return report === undefined ? [] : [report];
  });
}

function reportOf(
  unitText: string | undefined,
  period: string | undefined,
  limitText: string | undefined,
  usedText: string | undefined,
): RateLimitReport | undefined {
  const unit = unitOf(unitText);
  const periodMs = periodsMs[period?.toLowerCase() ?? ""];
  const limit = numberOf(limitText);
  if (unit === undefined || periodMs === undefined || !(limit > 0)) return undefined;
  const remaining = usedText === undefined ? 0 : Math.max(0, limit - numberOf(usedText));
  return { unit, limit, periodMs, remaining, source: "errors" };
}

function unitOf(text: string | undefined): LimitUnit | undefined {
  const name = text?.toLowerCase().replace(" ", "-");
  return limitUnits.find((unit) => unit === name);
}

function numberOf(text: string | undefined): number {
  return Number(text?.replaceAll(",", ""));
}
