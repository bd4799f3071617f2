import { setFlagsFromString } from "node:v8";

/** By so much of what was alive after a full collection the heap may grow until the next one. */
const growthPercent = 100;

/**
 * Lets memory be collected sooner than V8 would. It lets garbage grow to four times what is alive where its estimate of its own speed
 * tells it to, which on a busy machine is chance: a run then takes 50 MB more or less than the same run before it, and no less time.
 */
export function collectSooner(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
}
