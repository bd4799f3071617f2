import { OutputError, RunStoppedError } from "../../model/errors.ts";
import { stopReasonTexts } from "../exit-codes.ts";
import { InputError } from "../input/input-error.ts";

/** Why a run ended early. */
export interface StopOfRun {
  /** For a person. */
  readonly why: string;
  readonly isInterrupt: boolean;
}

/** @returns undefined for an unexpected error. */
export function stopOf(error: unknown): StopOfRun | undefined {
  if (error instanceof OutputError || error instanceof InputError) return { why: error.message, isInterrupt: false };
  if (!(error instanceof RunStoppedError)) return undefined;
  if (error.reason === "interrupted") return { why: stopReasonTexts.interrupted, isInterrupt: true };
  return { why: `${stopReasonTexts[error.reason]}: ${error.message}`, isInterrupt: false };
}
