import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { type Finished, Workplace } from "../e2e/cli.ts";
import { chatAnswer, type ReceivedCall, type Reply, type ScriptedServer } from "../support/scripted-server.ts";
import { isFullSize } from "./figures.ts";

/** The number of the question that a request asks. */
export function questionOf({ body }: Pick<ReceivedCall, "body">): number {
  return Number(/"Question (\d+)"/.exec(body)?.[1]);
}

/** The same question gets the same answer, whenever it is asked. */
export function answerTo(call: ReceivedCall): Reply {
  return chatAnswer(`answer to question ${questionOf(call)}`);
}

/** What a user types. */
export function runArguments({ url }: ScriptedServer, ...more: string[]): string[] {
  return ["run", "in.jsonl", "--base-url", `${url}/v1`, "-o", "out.jsonl", "-q", "--retry-delay", "0.001", ...more];
}

export async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(child, "exit");
  child.kill(signal);
  if (child.exitCode === null && child.signalCode === null) await exited;
}

/** A run that nothing hinders: at full size by a process of its own, as users have it, else in this one, which takes 0.5 s of a core less. */
export function runFreely(user: Workplace, args: readonly string[]): Promise<Finished> {
  return isFullSize ? user.run(args) : user.runHere(args);
}

/** The output of a run that nothing disturbs, by a user with a cache of their own. @param input Lines, or the text of the file. */
export async function undisturbedOutput(args: readonly string[], input: string | readonly object[]): Promise<string> {
  const user = new Workplace();
  user.write("in.jsonl", input);
  const { code, stderr } = await runFreely(user, args);
  if (code !== 0 && code !== 1) throw new Error(`the undisturbed run ended with exit code ${code}: ${stderr}`);
  return user.read("out.jsonl");
}

/** How often each number stands in the list. */
export function countEach(numbers: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return counts;
}

/** From 0 up to 1, the same in every run of a trial: what failed once can be looked at again. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
