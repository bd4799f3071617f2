import { type Context, createContext, Script } from "node:vm";

/** Of one task at a time. */
let task: () => void = () => {};
let context: Context | undefined;
const script = new Script("run()");

/**
 * Runs a task that may never end, an expression that backtracks or a schema that branches without end. V8 ends it then, in the middle: what
 * it worked on is not to be used again. Costs some 100 µs, because a thread watches the time.
 *
 * @returns undefined when the time was up.
 * @throws what the task throws.
 */
export function withinTime<Result>(maxMs: number, run: () => Result): { readonly result: Result } | undefined {
  let outcome: { readonly result: Result } | undefined;
  task = () => {
    outcome = { result: run() };
  };
  context ??= createContext({ run: () => task() });
  try {
    script.runInContext(context, { timeout: maxMs });
    return outcome;
  } catch (error) {
    if (isTimeout(error)) return undefined;
    throw error;
  } finally {
    task = () => {};
  }
}

/** The error is of the script's own realm, and so no `Error` of this one. */
function isTimeout(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
