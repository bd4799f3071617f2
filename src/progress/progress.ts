export type { Progress, ProgressStream } from "./display.ts";
export { ProgressTracker, type ProgressTrackerOptions } from "./progress-tracker.ts";
export { type ProgressMode, startProgress } from "./start-progress.ts";
