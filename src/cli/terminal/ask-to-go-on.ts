import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

const question = "Go on? [Y/n] ";

const answers: ReadonlyMap<string, boolean> = new Map([
  ["", true],
  ["y", true],
  ["yes", true],
  ["n", false],
  ["no", false],
]);

/**
 * Asks a person whether to go on, on a terminal.
 *
 * @param interrupted Ends the waiting: the answer is no.
 * @returns what the first answer that is one says; false where the input ends without.
 */
export async function askToGoOn(input: Readable, output: Writable, interrupted: AbortSignal): Promise<boolean> {
  if (interrupted.aborted) return false;
  output.write(question);
  const lines = createInterface({ input, terminal: false }); // the terminal's own line editing: Ctrl-C stays a signal
  try {
    return await new Promise<boolean>((resolve) => {
      lines.on("line", (line) => {
        const answer = answers.get(line.trim().toLowerCase());
        if (answer === undefined) output.write(question);
        else resolve(answer);
      });
      lines.once("close", () => resolve(false));
      interrupted.addEventListener("abort", () => resolve(false), { once: true });
    });
  } finally {
    lines.close();
    input.pause(); // or it would keep the process
  }
}
