import { getEventListeners } from "node:events";

/** How many are kept for calls to come. */
const maxSpare = 256;
/** What a program's own provider derives of a signal (`AbortSignal.any`) stays with it for as long as it lives (Node 20). */
const maxUses = 1_000;

/** An `AbortController` that may serve one call after the other. */
export interface SpareController {
  readonly controller: AbortController;
  uses: number;
}

const spare: SpareController[] = [];

/** Of a call that nothing ended, or a new one, which takes 25 µs with its first listener; give it back when the call is over. */
export function takeController(): SpareController {
  return spare.pop() ?? { controller: new AbortController(), uses: 0 };
}

/** Keeps a controller for the next call. An aborted signal would end that call, and a listener that is left would hear of its end. */
export function giveBackController(one: SpareController): void {
  const { signal } = one.controller;
  one.uses += 1;
  if (signal.aborted || one.uses >= maxUses || spare.length >= maxSpare) return;
  if (getEventListeners(signal, "abort").length === 0) spare.push(one);
}
