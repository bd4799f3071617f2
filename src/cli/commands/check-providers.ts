import pLimit from "p-limit";
import { member, parseJson } from "../../json/json-value.ts";
import type { Attempt } from "../../model/attempt.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { Provider } from "../../providers/providers.ts";

/** One key of a provider, and the model to ask. */
export interface CheckTarget {
  /** As the table shows it. */
  readonly name: string;
  readonly provider: Provider;
  readonly model: string;
  /** @default "/v1/chat/completions" */
  readonly path?: string | undefined;
}

export interface CheckOutcome {
  readonly name: string;
  readonly model: string;
  readonly ok: boolean;
  /** From the call to the last byte of the response. */
  readonly latencyMs: number;
  /** The model's name in its response, or the failure. */
  readonly detail: string;
}

/** Dozens of TLS handshakes at once would be measured as the servers' latency. */
const maxProbesInFlight = 8;

/** Sends each target one tiny request, without retries. @returns outcomes in the order of the targets. */
export function checkProviders(targets: readonly CheckTarget[], signal: AbortSignal): Promise<CheckOutcome[]> {
  return pLimit(maxProbesInFlight).map(targets, (target) => check(target, signal));
}

async function check(target: CheckTarget, signal: AbortSignal): Promise<CheckOutcome> {
  const { name, provider, model } = target;
  const startedAt = performance.now();
  const attempt = await provider.send(probeRequest(target), { signal });
  const latencyMs = performance.now() - startedAt;
  return { name, model, ok: attempt.ok, latencyMs, detail: describe(attempt) };
}

/** Anthropic requires `max_tokens`; some of OpenAI's models reject it. */
function probeRequest({ model, path = "/v1/chat/completions" }: CheckTarget): BatchRequest {
  const messages = [{ role: "user", content: "Reply with the word OK and nothing else." }];
  const limit = path.endsWith("/messages") ? { max_tokens: 16 } : {};
  return { kind: "request", lineNumber: 1, customId: "check", path, model, body: JSON.stringify({ model, messages, ...limit }) };
}

function describe(attempt: Attempt): string {
  if (!attempt.ok) return `${attempt.failure.kind}: ${attempt.failure.message}`;
  const model = member(parseJson(attempt.response.body), "model");
  return typeof model === "string" ? model : "(unnamed)";
}
