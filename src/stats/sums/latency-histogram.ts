import { rounded } from "../rounded.ts";
import type { LatencyJson } from "../token-stats-json.ts";

/**
 * Counts durations in buckets that grow by a constant factor, so percentiles over any number of values cost 10 KB and are off by
 * at most 1 % of the value. From 0.01 ms to 28 hours; what lies outside is counted at the edge.
 */
export class LatencyHistogram {
  count = 0;
  /** Exact; 0 when nothing was added. */
  max = 0;
  readonly #buckets: Float64Array = new Float64Array(bucketCount);
  #sum = 0;

  /** Takes constant time. */
  add(milliseconds: number): void {
    const bucket = bucketOf(milliseconds);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.count += 1;
    this.#sum += milliseconds;
    if (milliseconds > this.max) this.max = milliseconds;
  }

  /** @param times -1 takes them away; `max` is then within 1 %, too. */
  addAll(other: LatencyHistogram, times: 1 | -1): void {
    this.count += times * other.count;
    this.#sum += times * other.#sum;
    for (const [bucket, count] of other.#buckets.entries()) this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + times * count;
    const max = Math.max(this.max, other.max);
    this.max = times === 1 ? max : Math.min(max, this.#highest);
  }

  /** Exact; 0 when nothing was added. */
  get mean(): number {
    return this.count === 0 ? 0 : this.#sum / this.count;
  }

  /**
   * @param share 0.5 for the median.
   * @returns the smallest value that at least this share of all values does not exceed, within 1 %; 0 when nothing was added.
   */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.count));
    let passed = 0;
    for (const [bucket, count] of this.#buckets.entries()) {
      passed += count;
      if (passed >= rank) return Math.min(middleOf(bucket), this.max);
    }
    return this.max;
  }

  /** `null` when nothing was added. */
  toJSON(): LatencyJson | null {
    if (this.count <= 0) return null;
    return {
      p50: rounded(this.percentile(0.5)),
      p75: rounded(this.percentile(0.75)),
      p90: rounded(this.percentile(0.9)),
      p95: rounded(this.percentile(0.95)),
      p99: rounded(this.percentile(0.99)),
      max: rounded(this.max),
      mean: rounded(this.mean),
    };
  }

  /** The end of the last bucket that is not empty. */
  get #highest(): number {
    const last = this.#buckets.findLastIndex((count) => count > 0);
    return last < 0 ? 0 : smallest * growth ** last;
  }
}

const smallest = 0.01;
const largest = 1e8;
const error = 0.01;
const growth = (1 + error) / (1 - error);
const logGrowth = Math.log(growth);
const bucketCount = Math.ceil(Math.log(largest / smallest) / logGrowth) + 1;

function bucketOf(milliseconds: number): number {
  if (milliseconds <= smallest) return 0;
  return Math.min(bucketCount - 1, Math.ceil(Math.log(milliseconds / smallest) / logGrowth));
}

/** The value whose relative distance to both edges of its bucket is the same. */
function middleOf(bucket: number): number {
  return (smallest * growth ** bucket * 2) / (growth + 1);
}
