import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/**
 * Asks a person whether to go on, on a terminal.
 *
 * @param interrupted Ends the waiting: the answer is no.
 * @returns false for an answer that begins with "n", and where the input ends without one.
 */
export async function askToGoOn(input: Readable, output: Writable, interrupted: AbortSignal): Promise<boolean> {
  if (interrupted.aborted) return false;
  output.write("Go on? [Y/n] ");
  const lines = createInterface({ input, terminal: false }); // the terminal's own line editing: Ctrl-C stays a signal
  try {
    return await new Promise<boolean>((resolve) => {
      lines.once("line", (line) => resolve(!/^\s*n/i.test(line)));
      lines.once("close", () => resolve(false));
      interrupted.addEventListener("abort", () => resolve(false), { once: true });
    });
  } finally {
    lines.close();
    input.pause(); // or it would keep the process
  }
}
