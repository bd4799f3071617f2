import { inspect } from "node:util";
import { CommanderError } from "commander";
import { OutputError, ConfigurationError } from "../model/errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { asOutputError, isReaderGone } from "./files/system-error.ts";
import { InputError } from "./input/input-error.ts";
import { createProgram } from "./program.ts";
import { printError, printLines } from "./terminal/print-error.ts";

/**
 * Runs the command line and turns expected errors into a message and an exit code.
 *
 * @param args Without the program's name. @returns the exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.succeeded;
  const said: string[] = [];
  const program = createProgram(
    (code) => {
      exitCode = code;
    },
    (text) => said.push(text),
  );
  const finishOutput = watchOutput();
  try {
    await program.parseAsync(args, { from: "user" }).catch(ignoreHelp);
    await finishOutput();
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && said.length > 0) printLines(said.join("").trimEnd());
    if (error instanceof CommanderError) return exitCodes.usage;
    // The run itself reports an input that breaks off while it is sent; here it broke off while it was checked.
    if (error instanceof ConfigurationError || error instanceof InputError) return end(error.message, exitCodes.usage);
    if (error instanceof OutputError) return end(error.message, exitCodes.stopped);
    printError(`this should not have happened; please report it: ${inspect(error)}`);
    return process.exit(exitCodes.someFailed); // at once, whatever may still be open
  }
}

/** Commander throws when it has shown help or the version, too. */
function ignoreHelp(error: unknown): void {
  if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
}

/**
 * Without a listener a failed write ends the process with a stack trace. A reader that has enough (`| head`) is no failure, and what is told
 * to a stderr that cannot be written is lost.
 *
 * @returns a function that resolves once stdout has all; it throws an OutputError if it does not.
 */
function watchOutput(): () => Promise<void> {
  let failure: unknown;
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", (error) => {
    if (!isReaderGone(error)) failure ??= error;
  });
  return async () => {
    await new Promise((resolve) => process.stdout.write("", resolve));
    if (failure !== undefined) throw asOutputError("cannot write to stdout", failure);
  };
}

function end(message: string, exitCode: number): number {
  printError(message);
  return exitCode;
}
