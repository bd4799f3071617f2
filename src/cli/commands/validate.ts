import { readEnvironment } from "../../config/environment.ts";
import { loadOptions } from "../../config/load-options.ts";
import { describeProviders, openConfiguredPrices } from "../../setup/setup.ts";
import { exitCodes } from "../exit-codes.ts";
import { chooseInputs } from "../input/open-input.ts";
import { asWarnings, fitCheckOf } from "../input/fit-check.ts";
import { openInputs } from "../input/inputs.ts";
import { checkRequests, withoutRequests } from "../input/read-requests.ts";
import { printError } from "../terminal/print-error.ts";
import { printable } from "../../text/printable.ts";
import { redactSecrets } from "../terminal/redact-secrets.ts";
import { formatAmount, formatCount } from "../../text/format-numbers.ts";

/**
 * `llmbatch validate`: checks inputs offline. Problems go to stderr, counts to stdout.
 *
 * @returns the exit code: 0 when every line can be sent, 2 when not.
 */
export async function validateCommand(
  paths: readonly string[],
  flags: Readonly<Record<string, unknown>>,
  configFile: string | undefined,
  showHelp: () => never,
): Promise<number> {
  const environment = readEnvironment();
  const options = loadOptions(flags, configFile, environment, printError);
  const chosen = chooseInputs(paths, process.stdin.isTTY);
  if (chosen === undefined) return showHelp();

  const inputs = await openInputs(chosen, process.stdin);
  try {
    const provider = describeProviders(options, environment);
    const fit = fitCheckOf(asWarnings(options), provider, () => openConfiguredPrices(options, environment));
    const check = await checkRequests(inputs, options, provider, { fit });
    if (check.lines === 0) throw withoutRequests(inputs.name);
    for (const warning of check.warnings) printError(warning);
    for (const problem of check.problems) process.stderr.write(`${printable(redactSecrets(problem))}\n`);
    if (check.invalid > check.problems.length)
      process.stderr.write(`… and ${formatCount(check.invalid - check.problems.length)} more\n`);
    process.stdout.write(
      `${formatAmount(check.lines, "line")}: ${formatCount(check.lines - check.invalid)} valid, ${formatCount(check.invalid)} invalid\n`,
    );
    for (const [model, byPath] of check.requestsByModel)
      for (const [path, count] of byPath)
        process.stdout.write(`${formatCount(count).padStart(10)}  ${printable(`${model} ${path}`)}\n`);
    return check.invalid === 0 ? exitCodes.succeeded : exitCodes.usage;
  } finally {
    await inputs.close();
  }
}
