import type { StopReason } from "../model/errors.ts";

/** A signal's exit code is 128 and its number: 130 for Ctrl-C, 143 for SIGTERM. */
export const exitCodes = {
  succeeded: 0,
  someFailed: 1,
  usage: 2,
  stopped: 3,
} as const;

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

export type EndingSignal = keyof typeof signalNumbers;

export const endingSignals: readonly EndingSignal[] = ["SIGHUP", "SIGINT", "SIGTERM"];

export function exitCodeOfSignal(signal: EndingSignal): number {
  return 128 + signalNumbers[signal];
}

/** For people: what stopped the run. */
export const stopReasonTexts: Readonly<Record<StopReason, string>> = {
  authentication: "the API key was refused",
  permission: "the API key may not do this",
  not_found: "the model or endpoint does not exist",
  model_not_found: "the model or endpoint does not exist",
  insufficient_quota: "the quota is used up",
  throttled: "the server takes no requests for now",
  unreachable: "the server cannot be reached",
  same_failure: "no request succeeds",
  max_failures: "too many requests failed",
  budget: "the budget is used up",
  deadline: "no time is left",
  cache: "the cache cannot be used any more",
  interrupted: "interrupted",
};

/** For people: what to do before the same command goes on. */
export const stopRemedies: Partial<Readonly<Record<StopReason, string>>> = {
  authentication: "correct the key, which `llmbatch check` tries",
  permission: "use a key that may do this, which `llmbatch check` tries",
  insufficient_quota: "raise the quota",
};
