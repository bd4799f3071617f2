import { expect, test } from "vitest";
import { createHttpProvider, createLimiter, countTokens, estimateTokens, type Limiter, RequestManager } from "../../src/index.ts";
import { closing, serve } from "../support/closing.ts";

const body = { model: "gpt-4o", messages: [{ role: "user", content: "antidisestablishmentarianism ".repeat(9) }] };

/** A limiter of a program's own, which notes what it is told. */
function noting(reserved: number[]): Limiter {
  const limiter = createLimiter({ concurrency: 1 });
  return {
    run(demand, task, signal) {
      reserved.push(...demand.candidates.map(({ cost }) => cost.inputTokens));
      return limiter.run(demand, task, signal);
    },
    get waiting() {
      return limiter.waiting;
    },
    status: () => limiter.status(),
    rateLimits: () => limiter.rateLimits(),
    resetRateLimits: () => limiter.resetRateLimits(),
  };
}

async function reservedWith(options: Partial<ConstructorParameters<typeof RequestManager>[0]>): Promise<number[]> {
  const reserved: number[] = [];
  const server = await serve();
  const provider = createHttpProvider({ name: "own", baseUrl: `${server.url}/v1` });
  const manager = closing(new RequestManager({ provider, limiter: noting(reserved), ...options }));
  await manager.processBatch([body, body]);
  return reserved;
}

test("limits reserve the estimate, or what a program counts", async () => {
  const request = { path: "/v1/chat/completions", body: JSON.stringify(body) };
  expect(countTokens(request)).not.toBe(estimateTokens(request));
  expect(await reservedWith({})).toEqual([estimateTokens(request), estimateTokens(request)]);
  expect(await reservedWith({ countTokens })).toEqual([countTokens(request), countTokens(request)]);
  expect(await reservedWith({ countTokens: ({ lineNumber }) => lineNumber * 1000 })).toEqual([1000, 2000]);
});

function countOfSecond({ lineNumber }: { readonly lineNumber: number }): number {
  if (lineNumber === 1) throw new Error("cannot count");
  return 1;
}

test("a count that throws costs its line, not the batch", async () => {
  const server = await serve();
  const provider = createHttpProvider({ name: "own", baseUrl: `${server.url}/v1` });
  const manager = closing(new RequestManager({ provider, countTokens: countOfSecond }));
  const results = await manager.processBatch([body, body]);
  expect(results.map(({ error }) => error?.code)).toEqual(["internal", undefined]);
});
