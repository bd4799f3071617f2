import { expect, it } from "vitest";
import { z } from "zod";
import { configure } from "../e2e/configure.ts";
import { Workplace } from "../e2e/cli.ts";
import { serve } from "../support/closing.ts";
import { Figures, isFullSize, sized } from "./figures.ts";
import { countingScript, outputTokens, promptTokens } from "./token-server.ts";
import { variedBody, variedLines } from "./varied-lines.ts";

const { lines, trials, rpm } = sized({
  small: { lines: 100, trials: 1, rpm: 60_000 },
  full: { lines: 1_000, trials: 20, rpm: 6_000 },
});
const [inputPrice, outputPrice] = [2.5, 10];

const range = z.object({ low: z.number(), expected: z.number(), high: z.number() });
type Range = z.infer<typeof range>;

const printed = z.object({
  cached: z.number(),
  to_send: z.number(),
  input_tokens: z.number(),
  output_tokens: range,
  cost_usd: range,
  seconds: range,
  bound_by: z.string(),
});

it("what lines have in tokens is what the server counts", async () => {
  const figures = new Figures("input tokens");
  const user = userWith(1);
  const exact = await estimate(user, "-p", "mock", "--count", "exact");
  const fast = await estimate(user, "-p", "mock", "--count", "fast");
  const bodies = variedLines(lines, 1).map(({ body }) => body);
  const counted = bodies.reduce((sum, body) => sum + promptTokens(body), 0);
  figures.atMost("estimated: off by, %", percentOff(fast.input_tokens, counted), 10);
  figures.atMost("counted: off by, %", percentOff(exact.input_tokens, counted), 2);
  expect(figures.missed(`${lines} lines: chats in four languages, tools, images`)).toEqual([]);
});

it("what a run takes lies in the ranges that were estimated", { timeout: 1_800_000 }, async () => {
  const figures = new Figures("ranges of estimates");
  const held = { tokens: 0, cost: 0, time: 0 };
  const cached = (lines * 2) / 5;
  let right = 0;
  for (let seed = 1; seed <= trials; seed += 1) {
    const user = userWith(seed);
    const server = await serve(countingScript(seed, isFullSize));
    const address = ["--base-url", `${server.url}/v1`, "--rpm", String(rpm), "-c", "1000"];
    await run(user, ...address, "--head", String(cached));
    const estimated = await estimate(user, ...address, "--count", seed % 2 === 0 ? "fast" : "exact");
    if (estimated.cached === cached && estimated.to_send === lines - cached && estimated.bound_by === "rpm") right += 1;
    const startedAt = performance.now();
    await run(user, ...address);
    const seconds = (performance.now() - startedAt) / 1000;
    const sent = server.ledger.slice(cached);
    if (sent.length !== lines - cached) throw new Error(`${sent.length} were sent`);
    const output = sent.reduce((sum, { body }) => sum + outputTokens(body, seed), 0);
    const input = sent.reduce((sum, { body }) => sum + promptTokens(variedBody.parse(JSON.parse(body))), 0);
    if (holds(estimated.output_tokens, output)) held.tokens += 1;
    if (holds(estimated.cost_usd, (input * inputPrice + output * outputPrice) / 1e6)) held.cost += 1;
    if (holds(estimated.seconds, seconds)) held.time += 1;
  }
  const demanded = Math.floor(trials * 0.95);
  figures.exactly(`${cached} of ${lines} were known to be in the cache`, right, trials);
  figures.atLeast("output tokens within their range", held.tokens, demanded);
  figures.atLeast("cost within its range", held.cost, demanded);
  if (isFullSize) figures.atLeast("time within its range", held.time, demanded);
  expect(figures.missed(`${trials} seeds, ${lines} lines each, answers of log-normal lengths, ${rpm} requests/min`)).toEqual([]);
});

function userWith(seed: number): Workplace {
  const user = new Workplace();
  configure(user, { prices: { "gpt-4o": { input: inputPrice, output: outputPrice } } });
  user.write("in.jsonl", variedLines(lines, seed));
  return user;
}

async function estimate(user: Workplace, ...args: string[]): Promise<z.infer<typeof printed>> {
  const { code, stdout, stderr } = await user.runHere(["estimate", "in.jsonl", "--json", ...args]);
  if (code !== 0) throw new Error(stderr);
  return printed.parse(JSON.parse(stdout));
}

async function run(user: Workplace, ...args: string[]): Promise<void> {
  const { code, stderr } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", "-q", ...args]);
  if (code !== 0) throw new Error(stderr);
}

function holds({ low, high }: Range, value: number): boolean {
  return low <= value && value <= high;
}

function percentOff(value: number, truth: number): number {
  return Math.abs(value / truth - 1) * 100;
}
