import { z } from "zod";
import type { Attempt } from "../../model/attempt.ts";
import { failureKinds } from "../../model/failure.ts";
import type { BatchResult } from "../../model/result.ts";
import type { Usage } from "../../model/usage.ts";
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

/** Its body stands behind it. */
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

const callsSchema = z.object({ count: z.number(), latencyMs: z.number(), usage: usageSchema.exactOptional() });

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

/**
 * What a worker's result is for the coordinator: one attempt, which stands for all of the worker's. It is not asked again.
 *
 * @param usage Billed of attempts that failed.
 */
export function attemptOf(result: BatchResult, usage: Usage | undefined): Attempt {
  const calls = { count: result.attempts, latencyMs: result.latencyMs, ...(usage !== undefined && { usage }) };
  if (result.status === "succeeded") return { ok: true, response: result.response, calls };
  const { failure, response } = result;
  const partial = usage !== undefined && { isUsagePartial: true as const };
  return { ok: false, failure: { ...failure, retryable: false }, ...(response !== undefined && { response }), calls, ...partial };
}

/** One line of JSON, and behind it the body as it came: JSON within JSON takes three times as long to write, and to read. */
export function packAnswer(attempt: Attempt, seal: Seal): string {
  const { response } = attempt;
  if (response === undefined) return sealedText(JSON.stringify(attempt), seal);
  const head = JSON.stringify({ ...attempt, response: { ...response, body: undefined } });
  return sealedText(`${head}\n${response.body}`, seal);
}

/** @throws where it was closed with another secret, or is none. */
export function readAnswer(text: string, seal: Seal): Attempt {
  const [head, body] = cutAtLineBreak(seal.check === undefined ? text : String(seal.open(text)));
  const attempt = headSchema.parse(JSON.parse(head));
  if (attempt.ok) {
    const { statusCode, requestId, usage } = attempt.response;
    return { ok: true, response: { statusCode, requestId, body, usage }, calls: attempt.calls };
  }
  const { response, ...failed } = attempt;
  return response === undefined ? failed : { ...failed, response: { ...response, body } };
}

function cutAtLineBreak(text: string): [string, string] {
  const end = text.indexOf("\n");
  return end === -1 ? [text, ""] : [text.slice(0, end), text.slice(end + 1)];
}

/** What is not hidden needs no base64, which takes a third more of Redis' memory. */
function sealedText(text: string, seal: Seal): string {
  return seal.check === undefined ? text : seal.close(Buffer.from(text));
}
