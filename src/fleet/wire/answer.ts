import { z } from "zod";
import type { Attempt } from "../../model/attempt.ts";
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

const responseSchema = z.object({ statusCode: z.number(), requestId: z.string(), body: z.string() });

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

const callsSchema = z.object({ count: z.number(), latencyMs: z.number() });

const answerSchema: z.ZodType<Attempt> = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), response: responseSchema.extend({ usage: usageSchema }), calls: callsSchema }),
  z.object({ ok: z.literal(false), failure: failureSchema, response: responseSchema.exactOptional(), calls: callsSchema }),
]);

/** What a worker's result is for the coordinator: one attempt, which stands for all of the worker's. It is not asked again. */
export function attemptOf(result: BatchResult): Attempt {
  const calls = { count: result.attempts, latencyMs: result.latencyMs };
  if (result.status === "succeeded") return { ok: true, response: result.response, calls };
  const { failure, response } = result;
  return { ok: false, failure: { ...failure, retryable: false }, ...(response !== undefined && { response }), calls };
}

export function packAnswer(attempt: Attempt, seal: Seal): string {
  return sealedText(JSON.stringify(attempt), seal);
}

/** @throws where it was closed with another secret, or is none. */
export function readAnswer(text: string, seal: Seal): Attempt {
  return answerSchema.parse(JSON.parse(seal.check === undefined ? text : String(seal.open(text))));
}

/** What is not hidden needs no base64, which takes a third more of Redis' memory. */
function sealedText(text: string, seal: Seal): string {
  return seal.check === undefined ? text : seal.close(Buffer.from(text));
}
