/** The door of this room: what a run takes. */
export { CommonMessages } from "./sums/common-messages.ts";
export type { AttemptSums } from "./sums/attempt-sums.ts";
export type { LimitsInUse } from "./saturation.ts";
export type { AttemptSumsJson, LatencyJson, TokenStatsJson } from "./token-stats-json.ts";
export { TokenStats } from "./token-stats.ts";
export type { StatsClock } from "./throughput.ts";
export { formatSummary as summarize } from "./summary.ts";
