import { readEnvironment } from "../../config/environment.ts";
import { loadOptions } from "../../config/load-options.ts";
import { estimateJson } from "../../estimation/estimation.ts";
import { describeProviders, openCacheForReading, openConfiguredPrices } from "../../setup/setup.ts";
import { hasTokenizer, installTokenizer } from "../../tokens/tokens.ts";
import { exitCodes } from "../exit-codes.ts";
import { rejectInvalid } from "../input/check-input.ts";
import { openInputs } from "../input/inputs.ts";
import { chooseInputs } from "../input/open-input.ts";
import { checkRequests, withoutRequests } from "../input/read-requests.ts";
import { describeCaps, formatEstimate } from "../report/format-estimate.ts";
import { printError } from "../terminal/print-error.ts";
import { checkTokenizer } from "./check-options.ts";
import { CleanupStack } from "./cleanup-stack.ts";
import { optionsOfShard } from "../input/shard-options.ts";
import { RequestEstimation } from "../input/estimate-requests.ts";

/**
 * `llmbatch estimate`: says, offline and without a key, what a run with the same options would take. Writes to stdout.
 *
 * @param asJson For programs.
 * @returns the exit code.
 * @throws ConfigurationError when lines cannot be sent.
 */
export async function estimateCommand(
  paths: readonly string[],
  { json: asJson, ...flags }: Readonly<Record<string, unknown>>,
  configFile: string | undefined,
  showHelp: () => never,
): Promise<number> {
  const environment = readEnvironment();
  const options = optionsOfShard(loadOptions(flags, configFile, environment, printError));
  const chosen = chooseInputs(paths, process.stdin.isTTY);
  if (chosen === undefined) return showHelp();

  const cleanups = new CleanupStack();
  try {
    const inputs = await openInputs(chosen, process.stdin);
    cleanups.defer(() => inputs.close());
    const provider = describeProviders(options, environment);
    const prices = await openConfiguredPrices(options, environment);
    const isLookedUp = options.cache === "disk" && !options.refresh;
    const cache = isLookedUp ? await openCacheForReading(options, environment, printError) : undefined;
    if (cache !== undefined) cleanups.defer(() => cache.close());
    checkTokenizer(options);
    const estimation = new RequestEstimation({ options, provider, cache, prices });
    if (options.count === undefined && !hasTokenizer())
      printError(
        `tokens are estimated: gpt-tokenizer, which counts those of OpenAI's models, is not installed (${installTokenizer})`,
      );
    const check = await checkRequests(inputs, options, provider, { onInputs: async (read) => void (await estimation.add(read)) });
    if (check.lines === 0) throw withoutRequests(inputs.name);
    for (const warning of check.warnings) printError(warning);
    if (!options.skip_invalid) rejectInvalid(check);
    const estimate = estimation.estimator.estimate();
    const text = asJson === true ? JSON.stringify(estimateJson(estimate)) : formatEstimate(estimate, prices.date);
    process.stdout.write(`${text}\n`);
    for (const warning of describeCaps(estimate, options)) printError(warning);
    return exitCodes.succeeded;
  } finally {
    await cleanups.closeAll();
  }
}
