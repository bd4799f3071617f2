import { expect, it } from "vitest";
import { createProvider, RequestManager, RunStoppedError, type RequestLike } from "../../src/index.ts";
import { closing, serve } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import { priceBook } from "../support/price-book.ts";
import {
  chatAnswer,
  cutBeforeHeaders,
  cutInBody,
  errorAnswer,
  rateLimited,
  type ReceivedCall,
  type Reply,
  type Script,
} from "../support/scripted-server.ts";
import { randomNumbers } from "./commands.ts";
import { Figures, sized } from "./figures.ts";

const { seeds, concurrency, cap } = sized({
  small: { seeds: 1, concurrency: 20, cap: 0.2 },
  full: { seeds: 20, concurrency: 100, cap: 1.5 },
});

/** US dollars for a million tokens, so that the ledger counts whole millionths. */
const rates = { input: 3, output: 15 };
const maxTokens = 500;

/** What happened to a seed's run, in millionths of a dollar: the server's ledger counts by itself. */
interface Bill {
  /** Of answers that arrived. */
  told: number;
  /** Of those that it cut off, or that did not say what they took. */
  untold: number;
  untoldCalls: number;
}

function requestOf(index: number): { model: string; messages: object[]; max_tokens: number } {
  return {
    model: "m",
    messages: [{ role: "user", content: `Question ${String(index).padStart(6, "0")}` }],
    max_tokens: maxTokens,
  };
}

/** At these prices, of any of the requests; each is as long as the other. */
const worst = (Buffer.byteLength(JSON.stringify(requestOf(0))) + 100) * rates.input + maxTokens * rates.output;

/** All that can be in flight are, before the first is answered. */
function serverOf(seed: number, withCuts: boolean, bill: Bill): Script {
  const isFull = deferred<undefined>();
  const answer = answersOf(seed, withCuts, bill);
  return async (call, { length }) => {
    const reply = answer(call);
    if (length >= concurrency) isFull.resolve(undefined);
    await isFull.promise;
    return reply;
  };
}

/** Many answers are short and some as long as they may be, some are late, and some attempts go wrong in one of seven ways. */
function answersOf(seed: number, withCuts: boolean, bill: Bill): (call: ReceivedCall) => Reply {
  const random = randomNumbers(seed);
  return ({ body }) => {
    const output = Math.min(maxTokens, Math.ceil(10 / (1 - random()) ** 0.9));
    const input = Math.ceil(Buffer.byteLength(body) * (0.2 + 0.8 * random()));
    const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
    const delayMs = Math.min(60, 1 / (1 - random()));
    const kind = Math.floor(random() * (withCuts ? 28 : 36));
    if (kind >= 32) return { ...errorAnswer(500), delayMs };
    if (kind >= 30) return rateLimited("0");
    if (kind >= 28) return { ...errorAnswer(503), delayMs };
    const cost = input * rates.input + output * rates.output;
    const answer = { ...chatAnswer("yes", { usage }), delayMs };
    const untold = withCuts
      ? [cutBeforeHeaders(), cutBeforeHeaders("close"), cutInBody(30, answer), { ...answer, body: "?" }][kind]
      : undefined;
    if (untold !== undefined) {
      bill.untold += cost;
      bill.untoldCalls += 1;
      return { ...untold, delayMs };
    }
    bill.told += cost;
    // Whole, billed, and of no use: it is asked again.
    return kind === 4 ? { ...answer, body: { usage, choices: [] } } : answer;
  };
}

function* requests(): Generator<RequestLike> {
  for (let index = 0; index < 100_000; index += 1) yield requestOf(index);
}

interface Outcome {
  readonly bill: Bill;
  readonly spent: number;
  readonly held: number;
  readonly peakInFlight: number;
  readonly isStoppedByBudget: boolean;
}

async function runOf(seed: number, withCuts: boolean): Promise<Outcome> {
  const bill: Bill = { told: 0, untold: 0, untoldCalls: 0 };
  const server = await serve(serverOf(seed, withCuts, bill));
  const provider = createProvider("openai", { baseUrl: `${server.url}/v1`, apiKey: "k" });
  const prices = priceBook({ m: rates });
  const retry = { retryDelayMs: 1, maxRetryDelayMs: 5 };
  const manager = closing(new RequestManager({ provider, prices, concurrency, adaptive: false, maxCostUsd: cap, retry }));
  let stop: unknown;
  try {
    for await (const { index } of manager.run(requests())) expect(index).toBeLessThan(100_000);
  } catch (error) {
    stop = error;
  }
  const { spent = 0, held = 0, reserved = 0 } = manager.budgetStatus().costUsd ?? {};
  expect(reserved).toBe(0);
  const isStoppedByBudget = stop instanceof RunStoppedError && stop.reason === "budget";
  return { bill, spent: millionths(spent), held: millionths(held), peakInFlight: server.peakInFlight, isStoppedByBudget };
}

/** The amounts are whole millionths; a difference in the sixth digit after the point would show. */
function millionths(usd: number): number {
  return Math.round(usd * 1e12) / 1e6;
}

it(`a cap is never exceeded, and used up to one worst case: ${seeds} seeds, ${concurrency} in flight`, async () => {
  const figures = new Figures("--max-cost, by the ledger of the server");
  const worsts = { billed: 0, gap: 0, gapWithCuts: 0, drift: 0, unheld: 0, peak: Infinity, stopped: 0, untoldCalls: 0 };
  const capped = millionths(cap);
  for (let seed = 1; seed <= seeds; seed += 1) {
    for (const withCuts of [false, true]) {
      const { bill, spent, held, peakInFlight, isStoppedByBudget } = await runOf(seed, withCuts);
      worsts.billed = Math.max(worsts.billed, bill.told + bill.untold);
      worsts.drift = Math.max(worsts.drift, Math.abs(bill.told - spent));
      // Of what is not told, each call is held at its worst case, neither more nor less.
      worsts.unheld = Math.max(worsts.unheld, Math.abs(bill.untoldCalls * worst - held));
      if (withCuts) worsts.gapWithCuts = Math.max(worsts.gapWithCuts, capped - bill.told - bill.untoldCalls * worst);
      else worsts.gap = Math.max(worsts.gap, capped - bill.told);
      worsts.peak = Math.min(worsts.peak, peakInFlight);
      worsts.stopped += Number(isStoppedByBudget);
      worsts.untoldCalls += bill.untoldCalls;
    }
  }
  figures.exactly("runs that the budget stopped", worsts.stopped, 2 * seeds);
  figures.atMost("most that was billed, millionths of a dollar", worsts.billed, capped);
  figures.atMost("most that was left of the cap", worsts.gap, worst - 1);
  figures.atMost("most that was left beside what may be billed", worsts.gapWithCuts, worst - 1);
  figures.exactly("most that the sum is off the ledger", worsts.drift, 0);
  figures.exactly("most that is held too much or too little", worsts.unheld, 0);
  figures.told("calls that were billed and not told", worsts.untoldCalls);
  figures.atLeast("fewest in flight at the peak", worsts.peak, concurrency);
  expect(figures.missed(`cap $${cap}, worst case of a request $${worst / 1e6}`)).toEqual([]);
});
