import { inspect } from "node:util";
import { CommanderError } from "commander";
import { OutputError, UsageError } from "../model/errors.ts";
import { complain } from "./complain.ts";
import { exitCodes } from "./exit-codes.ts";
import { InputError } from "./input.ts";
import { createProgram } from "./program.ts";

process.exitCode = await main();

/** Runs the command line and turns what can be expected to go wrong into words and an exit code. */
async function main(): Promise<number> {
  let exitCode: number = exitCodes.succeeded;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync();
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.succeeded : exitCodes.usage;
    // An input that breaks off while it is sent is reported by the run itself; here it broke off while it was checked.
    if (error instanceof UsageError || error instanceof InputError) return end(error.message, exitCodes.usage);
    if (error instanceof OutputError) return end(error.message, exitCodes.stopped);
    complain(`this should not have happened; please report it: ${inspect(error)}`);
    return process.exit(exitCodes.someFailed); // at once, whatever may still be open
  }
}

function end(message: string, exitCode: number): number {
  complain(message);
  return exitCode;
}
