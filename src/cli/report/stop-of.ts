import { OutputError, RunStoppedError, type StopReason } from "../../model/errors.ts";
import { stopReasonTexts } from "../exit-codes.ts";
import { InputError } from "../input/input-error.ts";

/** Why a run ended early. */
export interface StopOfRun {
  /** For a person. */
  readonly why: string;
  /** Undefined where its input or output failed. */
  readonly reason: StopReason | undefined;
}

/** @returns undefined for an unexpected error. */
export function stopOf(error: unknown): StopOfRun | undefined {
  if (error instanceof OutputError || error instanceof InputError) return { why: error.message, reason: undefined };
  if (!(error instanceof RunStoppedError)) return undefined;
  const { reason, message } = error;
  return { why: reason === "interrupted" ? stopReasonTexts.interrupted : `${stopReasonTexts[reason]}: ${message}`, reason };
}
