/** The door of this room: what a file will take. */
export { type Estimate, estimateJson, type EstimateJson, type Range } from "./estimate.ts";
export { BoundedCount, type TokenCounts } from "./bounded-count.ts";
export { Estimator, type EstimatorOptions } from "./estimator.ts";
export { Spread } from "./spread.ts";
