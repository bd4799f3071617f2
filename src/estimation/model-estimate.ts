import type { TokenCounting } from "../model/cost.ts";
import type { Candidate, Target } from "../model/demand.ts";
import { noUsage, type Usage } from "../model/usage.ts";
import type { PricedModel } from "../pricing/pricing.ts";
import { addRanges, mapRange, nothing, type Range } from "./estimate.ts";
import { expectedAnswer, minAnswers } from "./expected-answer.ts";
import { Sample } from "./sample.ts";
import type { Count } from "./bounded-count.ts";

const embeddingsPath = "/v1/embeddings";

/** Requests of about the same length: prices can depend on it. */
interface SizeGroup {
  requests: number;
  inputTokens: number;
}

/** Groups for each doubling of the length. */
const groupsPerDoubling = 4;
/** Fewer answers say too little of how others are counted. */
const minAnswersToCalibrate = 5;
/** How far the sum of an exact count, and of an estimate, can be off where no answers tell. */
const exactError = 0.02;
const estimateError = 0.1;

/** The requests for one model at one API: those to be sent, and the answers that were seen. */
export class ModelEstimate {
  readonly model: PricedModel;
  /** Those that it goes to. */
  readonly targets: readonly Target[];
  /** How its tokens count against limits. */
  readonly counting: TokenCounting;
  /** How long answers took that were sent now: few. */
  readonly latenciesMs: number[] = [];
  readonly #answersNothing: boolean;
  readonly #groups = new Map<number, SizeGroup>();
  readonly #outputs = new Sample();
  /** Of each answer: the tokens of its request as its provider counted them, through those that were counted here. */
  readonly #ratios = new Sample();
  #seenTokens = 0;
  #countedTokens = 0;
  #cachedTokens = 0;
  /** Of those to be sent. */
  requests = 0;
  counted = 0;
  #inputTokens = 0;
  #limited = 0;
  #maxOutput = 0;

  /** @param candidate The first of its targets. @param path Of the API. */
  constructor({ target, cost }: Candidate, targets: readonly Target[], path: string) {
    this.model = { baseUrl: target.baseUrl, provider: target.name, model: cost.model };
    this.targets = targets;
    this.counting = cost.counting;
    this.#answersNothing = path === embeddingsPath;
  }

  add({ tokens, isExact }: Count, maxOutputTokens: number | undefined): void {
    this.requests += 1;
    this.#inputTokens += tokens;
    if (isExact) this.counted += 1;
    if (maxOutputTokens !== undefined) {
      this.#limited += 1;
      this.#maxOutput += maxOutputTokens;
    }
    const size = Math.floor(Math.log2(Math.max(1, tokens)) * groupsPerDoubling);
    const group = this.#groups.get(size);
    if (group === undefined) this.#groups.set(size, { requests: 1, inputTokens: tokens });
    else {
      group.requests += 1;
      group.inputTokens += tokens;
    }
  }

  /** An answer. @param tokens Of its request, as counted here. @param latencyMs Where it was sent now. */
  observe(usage: Usage, tokens: number, latencyMs?: number): void {
    if (latencyMs !== undefined) this.latenciesMs.push(latencyMs);
    if (usage.promptTokens === 0) return; // reported by no server: it says nothing
    this.#outputs.add(usage.completionTokens);
    this.#seenTokens += usage.promptTokens;
    this.#cachedTokens += usage.cachedTokens;
    if (tokens === 0) return;
    this.#countedTokens += tokens;
    this.#ratios.add(usage.promptTokens / tokens);
  }

  /** Those that are gone by: fewer say too little. */
  get answersSeen(): number {
    return this.#outputs.count >= minAnswers ? this.#outputs.count : 0;
  }

  /** Of all its requests. */
  get inputTokens(): Range {
    return mapRange(this.#inputFactors, (factor) => this.#inputTokens * factor);
  }

  get outputTokens(): Range {
    return mapRange(this.answer, (tokens) => tokens * this.requests);
  }

  /** Tokens of one answer, in the mean. */
  get answer(): Range {
    if (this.#answersNothing || this.requests === 0) return nothing;
    const meanMax = this.#limited === 0 ? undefined : this.#maxOutput / this.#limited;
    const isLimited = this.#limited === this.requests;
    return expectedAnswer(this.#outputs, this.requests, { meanMax, isLimited });
  }

  /** @returns null where the price is not known. */
  costUsd(costOf: (usage: Usage, model: PricedModel) => number | null): Range | null {
    const { answer } = this;
    const inputs = this.#inputFactors;
    const cachedShare = this.#seenTokens === 0 ? 0 : this.#cachedTokens / this.#seenTokens;
    let sum = nothing;
    for (const { requests, inputTokens } of this.#groups.values()) {
      const cost = (input: number, completionTokens: number): number | null => {
        const promptTokens = (inputTokens / requests) * input; // a mean, and no whole number
        const usage = { ...noUsage, promptTokens, cachedTokens: promptTokens * cachedShare, completionTokens };
        const each = costOf(usage, this.model);
        return each === null ? null : each * requests;
      };
      const low = cost(inputs.low, answer.low);
      const expected = cost(inputs.expected, answer.expected);
      const high = cost(inputs.high, answer.high);
      if (low === null || expected === null || high === null) return null;
      sum = addRanges(sum, { low, expected, high });
    }
    return sum;
  }

  get #inputFactors(): Range {
    const { count } = this.#ratios;
    const isExact = this.counted === this.requests;
    const spread = isExact ? exactError : estimateError;
    if (count < minAnswersToCalibrate || this.requests === 0) return around(1, spread);
    const factor = this.#seenTokens / this.#countedTokens;
    return around(factor, Math.min(spread, this.#ratios.reach(this.requests) / this.#ratios.mean + exactError / 2));
  }
}

function around(expected: number, share: number): Range {
  return { low: expected * (1 - share), expected, high: expected * (1 + share) };
}
