// The perfect client, on a clock that only exists here: it knows the rule, sends each request in the millisecond in which the rule lets
// it in, in order, and is never refused. Plays by the server's own code, so it is exact about bursts, windows and reservations. It keeps
// what llmbatch promises, too: no minute holds more than the limit and a second's worth. That makes a difference only where output counts
// when it is answered (Anthropic): requests in flight could overdraw it, by up to 3 % of a minute.
import { digestOf } from "../../../build/mock/chance.js";
import { createRateLimits } from "../../../build/mock/limits/create-rate-limits.js";
import { latencyOf } from "../../../build/mock/faults/latency.js";
import { prepareAnswer } from "../../../build/mock/apis/prepare-answer.js";
import { TokenBucket } from "../../../build/mock/limits/token-bucket.js";
import { latency } from "./cells.js";
import { bodyOf } from "./workload.js";

/**
 * Sizes a run so that the perfect client takes at least `seconds`; whole minutes where a minute's worth may be sent at once.
 *
 * @returns how many requests those are, and how long the perfect client takes, to the end of the last answer
 */
export function findOptimum({ rule, workload, perMinute }, seconds) {
  let nowMs = 0;
  const limits = createRateLimits({ rules: rule, ...perMinute }, { now: () => nowMs, epochMs: () => nowMs });
  const { outputTokensPerMinute = Number.MAX_SAFE_INTEGER } = perMinute;
  const output = new TokenBucket(outputTokensPerMinute, () => nowMs);
  const endMs = rule === "window" ? Math.ceil(seconds / 60) * 60_000 + 1 : seconds * 1000;
  const dueAtMs = new Map();
  let count = 0;
  let admittedAtMs = 0;
  let lastMs = 0;
  let next = ask(rule, workload, count);
  const isShort = () => (rule === "window" ? nowMs < endMs : admittedAtMs < endMs);
  for (; isShort(); nowMs += 1) {
    for (const { demand, used } of dueAtMs.get(nowMs) ?? []) limits.settle(demand, used);
    dueAtMs.delete(nowMs);
    while (output.waitMs(next.used.outputTokens) === 0 && limits.admit(next.demand) === undefined) {
      output.take(next.used.outputTokens);
      admittedAtMs = nowMs;
      const answeredAtMs = nowMs + next.latencyMs;
      if (!dueAtMs.has(answeredAtMs)) dueAtMs.set(answeredAtMs, []);
      dueAtMs.get(answeredAtMs).push(next);
      lastMs = Math.max(lastMs, answeredAtMs);
      count += 1;
      next = ask(rule, workload, count);
    }
  }
  return { requests: count, optimumSeconds: lastMs / 1000 };
}

function ask(rule, workload, n) {
  const path = rule === "anthropic" ? "/messages" : "/chat/completions";
  const text = JSON.stringify(bodyOf(workload, n));
  const digest = digestOf(0, path, text);
  const { demand, promptTokens, completionTokens } = prepareAnswer({ path, text, bodyBytes: text.length, digest, seed: 0 });
  return { demand, used: { inputTokens: promptTokens, outputTokens: completionTokens }, latencyMs: latencyOf(latency, digest) };
}
