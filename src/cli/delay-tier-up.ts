import { setFlagsFromString } from "node:v8";

/** V8's count of what WebAssembly executed. undici's parser gets there with some 100 to 250 answers; with V8's default, with the first. */
const tieringBudget = 1_000_000_000;

/**
 * Makes V8 wait before it optimizes WebAssembly: to do it to undici's HTTP parser takes 0.2 s of CPU in another thread, a third of a short run,
 * and the parser is quick enough without for thousands of answers. Servers and workers have longer to live.
 */
export function delayTierUp(): void {
  setFlagsFromString(`--wasm-tiering-budget=${tieringBudget}`);
}
