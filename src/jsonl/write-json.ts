import { Problem } from "./problem.ts";

/** @returns a `Problem` for values that JSON cannot express: functions, circular references, big integers. */
export function writeJson(value: unknown): string | Problem {
  try {
    const text: string | undefined = JSON.stringify(value);
    return text ?? new Problem(`cannot be written as JSON: it is ${typeof value}`);
  } catch (error) {
    const [reason] = String(error).split("\n");
    return new Problem(`cannot be written as JSON: ${reason}`);
  }
}
