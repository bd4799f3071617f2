import { type Usage, totalTokens } from "../model/usage.ts";
import { AttemptGroups } from "./sums/attempt-groups.ts";
import { AttemptSums } from "./sums/attempt-sums.ts";
import { CostSum } from "./sums/cost-sum.ts";
import type { LatencyJson } from "./token-stats-json.ts";
import { UsageSum } from "./sums/usage-sum.ts";

/** What a run's attempts took: HTTP calls, tokens, money. What each figure means stands at `TokenStatsJson`. */
export abstract class SpentFigures {
  protected readonly asked: AttemptSums = new AttemptSums();
  protected readonly models: AttemptGroups = new AttemptGroups();
  protected readonly providers: AttemptGroups = new AttemptGroups();
  protected recalled: UsageSum = new UsageSum();
  protected saved: CostSum = new CostSum();
  protected listDate: string | undefined;

  get promptTokens(): number {
    return this.asked.usage.promptTokens;
  }

  get completionTokens(): number {
    return this.asked.usage.completionTokens;
  }

  get totalTokens(): number {
    return totalTokens(this.asked.usage);
  }

  get cachedTokens(): number {
    return this.asked.usage.cachedTokens;
  }

  get cacheWriteTokens(): number {
    return this.asked.usage.cacheWriteTokens;
  }

  get reasoningTokens(): number {
    return this.asked.usage.reasoningTokens;
  }

  get fromCache(): Usage {
    return this.recalled;
  }

  get costUsd(): number | null {
    return this.asked.costUsd;
  }

  get costReportedUsd(): number {
    return this.asked.costReportedUsd;
  }

  get costSavedUsd(): number | null {
    return this.saved.usd;
  }

  get pricedRequests(): number {
    return this.asked.pricedRequests;
  }

  get unpricedRequests(): number {
    return this.asked.unpricedRequests;
  }

  get costByModel(): Readonly<Record<string, number | null>> {
    return this.models.costsUsd;
  }

  get costByProvider(): Readonly<Record<string, number | null>> {
    return this.providers.costsUsd;
  }

  get pricesDate(): string | null {
    return this.listDate ?? null;
  }

  get attempts(): number {
    return this.asked.attempts;
  }

  get retries(): number {
    return this.asked.retries;
  }

  get rateLimited(): number {
    return this.asked.rateLimited;
  }

  get latencyMs(): LatencyJson | null {
    return this.asked.latencyMs;
  }

  /** The sums of each model. */
  get byModel(): ReadonlyMap<string, AttemptSums> {
    return this.models.all;
  }

  /** The sums of each provider. */
  get byProvider(): ReadonlyMap<string, AttemptSums> {
    return this.providers.all;
  }

  protected addSpent(other: SpentFigures, times: 1 | -1): void {
    this.asked.addAll(other.asked, times);
    this.models.addAll(other.models, times);
    this.providers.addAll(other.providers, times);
    this.recalled.add(other.recalled, times);
    this.saved.addAll(other.saved, times);
    this.listDate ??= other.listDate;
  }
}
