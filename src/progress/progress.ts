export type { Progress } from "./display.ts";
export { type ProgressMode, startProgress } from "./start-progress.ts";
