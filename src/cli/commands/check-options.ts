import type { Options } from "../../config/options.ts";
import { ConfigurationError } from "../../model/errors.ts";
import { hasTokenizer, installTokenizer } from "../../tokens/tokens.ts";
import type { Inputs } from "../input/inputs.ts";

/** @throws ConfigurationError where a pilot would be of no use, before anything is sent. */
export function checkPilot({ pilot, cache, refresh }: Options, { rereadable }: Pick<Inputs, "rereadable">): void {
  if (pilot === undefined) return;
  if (!rereadable) throw new ConfigurationError("--pilot needs files: lines spread over stdin or a pipe cannot be sent first");
  if (cache === "none") throw new ConfigurationError("--pilot needs a cache: with --cache none its lines would be sent twice");
  if (refresh) throw new ConfigurationError("--pilot does not go with --refresh: its lines would be sent twice");
}

/** @throws ConfigurationError where there is nothing that identical requests could share an answer through. */
export function checkDedupe({ dedupe, cache }: Pick<Options, "dedupe" | "cache">): void {
  if (dedupe && cache === "none")
    throw new ConfigurationError("--dedupe needs a cache, through which answers are shared: leave it out, or --cache none");
}

/** @throws ConfigurationError when tokens are to be counted, and what counts them is not installed: npm leaves out what does not install. */
export function checkTokenizer({ count }: Pick<Options, "count">, isThere: () => boolean = hasTokenizer): void {
  if (count === "exact" && !isThere())
    throw new ConfigurationError(`--count exact needs gpt-tokenizer, which is not installed: ${installTokenizer}`);
}
