import { z } from "zod";
import type { Attempt, Calls } from "../../model/attempt.ts";
import { failureKinds } from "../../model/failure.ts";
import type { BatchResult } from "../../model/result.ts";
import type { Seal } from "./seal.ts";

const billingSchema = z.object({
  inputAudioTokens: z.number().exactOptional(),
  outputAudioTokens: z.number().exactOptional(),
  cachedAudioTokens: z.number().exactOptional(),
  hourCacheWriteTokens: z.number().exactOptional(),
  tier: z.enum(["batch", "flex", "priority"]).exactOptional(),
  reportedCostUsd: z.number().exactOptional(),
});

const usageSchema = z.object({
  promptTokens: z.number(),
  completionTokens: z.number(),
  cachedTokens: z.number(),
  cacheWriteTokens: z.number(),
  reasoningTokens: z.number(),
  billing: billingSchema.exactOptional(),
});

/** Its body stands behind all rows. */
const responseSchema = z.object({ statusCode: z.number(), requestId: z.string() });

const kind = z.enum(failureKinds);

const failureSchema = z.object({
  kind,
  message: z.string(),
  retryable: z.boolean(),
  statusCode: z.number().exactOptional(),
  providersTried: z
    .array(z.object({ provider: z.string(), kind, message: z.string(), statusCode: z.number().exactOptional() }))
    .exactOptional(),
  isForAll: z.literal(true).exactOptional(),
});

const callsSchema = z.object({
  count: z.number(),
  throttled: z.number().exactOptional(),
  latencyMs: z.number(),
  usage: usageSchema.exactOptional(),
});

const headSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), response: responseSchema.extend({ usage: usageSchema }), calls: callsSchema }),
  z.object({
    ok: z.literal(false),
    failure: failureSchema,
    response: responseSchema.exactOptional(),
    calls: callsSchema,
    isUsagePartial: z.literal(true).exactOptional(),
  }),
]);

const [word, amount] = [z.string(), z.number()];
/** Field, length of the body, status code, request id, calls, latency, and five counts of tokens. */
const plainRow = z.tuple([word, amount, amount, word, amount, amount, amount, amount, amount, amount, amount]);
/** Most answers succeed and are billed as text: with names and nesting, they take six times as long to read and to check. */
const rowsSchema = z.array(z.union([plainRow, z.tuple([word, amount, headSchema])]));

type Row = z.infer<typeof rowsSchema>[number];

/** The answer to a line of a chunk. */
export interface FieldAnswer {
  readonly field: string;
  readonly attempt: Attempt;
}

/**
 * What a worker's result is for the coordinator: one attempt, which stands for all of the worker's. It is not asked again.
 *
 * @param failed Of its attempts that failed.
 */
export function attemptOf(result: BatchResult, failed: Pick<Calls, "throttled" | "usage"> = {}): Attempt {
  const calls = { count: result.attempts, latencyMs: result.latencyMs, ...failed };
  if (result.status === "succeeded") return { ok: true, response: result.response, calls };
  const { failure, response } = result;
  const partial = failed.usage !== undefined && { isUsagePartial: true as const };
  return { ok: false, failure: { ...failure, retryable: false }, ...(response !== undefined && { response }), calls, ...partial };
}

/** One line of JSON, and behind it the bodies as they came: JSON within JSON takes three times as long to write, and to read. */
export function packAnswers(answers: readonly FieldAnswer[], seal: Seal): string {
  const bodies = answers.map(({ attempt }) => attempt.response?.body ?? "");
  return sealedText(`${JSON.stringify(answers.map(rowOf))}\n${bodies.join("")}`, seal);
}

/** @throws where it was closed with another secret, or holds no answers. */
export function readAnswers(text: string, seal: Seal): FieldAnswer[] {
  const opened = seal.check === undefined ? text : String(seal.open(text));
  const lineBreak = opened.indexOf("\n");
  let end = lineBreak + 1;
  const answers = rowsSchema.parse(JSON.parse(opened.slice(0, lineBreak))).map((row) => {
    const start = end;
    end += row[1];
    return answerOf(row, opened.slice(start, end));
  });
  if (end !== opened.length) throw new Error("its bodies are not as long as it says");
  return answers;
}

function rowOf({ field, attempt }: FieldAnswer): readonly unknown[] {
  const { response, calls } = attempt;
  const length = response?.body.length ?? 0;
  if (!attempt.ok || calls === undefined || attempt.response.usage.billing !== undefined || isMixed(calls))
    return [field, length, { ...attempt, ...(response !== undefined && { response: { ...response, body: undefined } }) }];
  const { statusCode, requestId, usage } = attempt.response;
  const { promptTokens, completionTokens, cachedTokens, cacheWriteTokens, reasoningTokens } = usage;
  const tokens = [promptTokens, completionTokens, cachedTokens, cacheWriteTokens, reasoningTokens];
  return [field, length, statusCode, requestId, calls.count, calls.latencyMs, ...tokens];
}

/** Whether some of them have failed in a way that is counted. */
function isMixed({ throttled, usage }: Calls): boolean {
  return throttled !== undefined || usage !== undefined;
}

function answerOf(row: Row, body: string): FieldAnswer {
  if (row.length === 3) return { field: row[0], attempt: attemptOfHead(row[2], body) };
  const [field, , statusCode, requestId, count, latencyMs, promptTokens, completionTokens, ...others] = row;
  const [cachedTokens, cacheWriteTokens, reasoningTokens] = others;
  const usage = { promptTokens, completionTokens, cachedTokens, cacheWriteTokens, reasoningTokens };
  return { field, attempt: { ok: true, response: { statusCode, requestId, body, usage }, calls: { count, latencyMs } } };
}

function attemptOfHead(head: z.infer<typeof headSchema>, body: string): Attempt {
  if (head.ok) return { ...head, response: { ...head.response, body } };
  const { response, ...failed } = head;
  return response === undefined ? failed : { ...failed, response: { ...response, body } };
}

/** What is not hidden needs no base64, which takes a third more of Redis' memory. */
function sealedText(text: string, seal: Seal): string {
  return seal.check === undefined ? text : seal.close(Buffer.from(text));
}
