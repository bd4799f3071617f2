import { CommanderError } from "commander";
import { OutputError, UsageError } from "../model/errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { createProgram } from "./program.ts";
import { printable } from "./terminal-text.ts";

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
    if (error instanceof UsageError) return complain(error.message, exitCodes.usage);
    if (error instanceof OutputError) return complain(error.message, exitCodes.stopped);
    throw error;
  }
}

function complain(message: string, exitCode: number): number {
  for (const line of message.split("\n")) process.stderr.write(`llmbatch: ${printable(line)}\n`);
  return exitCode;
}
