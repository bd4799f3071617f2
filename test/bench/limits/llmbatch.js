// llmbatch as a library, without a cache.
import { createProvider, RequestManager } from "../../../dist/index.js";

/** @returns how many requests were answered. */
export async function play({ origin, path, rule, bodies, concurrency, limits }) {
  const provider =
    rule === "anthropic"
      ? createProvider("anthropic", { baseUrl: origin, apiKey: "k" })
      : // As it counts at OpenAI's own address: the other rules differ from theirs in the period alone.
        createProvider("openai", { baseUrl: `${origin}/v1`, apiKey: "k", tokenCounting: "larger" });
  const manager = new RequestManager({ provider, concurrency, limits: listLimits(limits) });
  let answered = 0;
  try {
    for await (const { status } of manager.run(linesOf(bodies(), path))) if (status === "succeeded") answered += 1;
  } catch (error) {
    process.stderr.write(`llmbatch stopped: ${error.message}\n`);
  }
  await manager.close();
  return answered;
}

function* linesOf(bodies, url) {
  for (const body of bodies) yield { url, body };
}

function listLimits({ requestsPerMinute, tokensPerMinute, inputTokensPerMinute, outputTokensPerMinute }) {
  const amounts = {
    requests: requestsPerMinute,
    tokens: tokensPerMinute,
    "input-tokens": inputTokensPerMinute,
    "output-tokens": outputTokensPerMinute,
  };
  return Object.entries(amounts)
    .filter(([, amount]) => amount !== undefined)
    .map(([unit, amount]) => ({ unit, amount, periodMs: 60_000 }));
}
