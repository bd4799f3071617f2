import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { questions, Workplace } from "../e2e/cli.ts";
import { serve } from "../support/closing.ts";
import { delayed, type ReceivedCall, type ScriptedServer } from "../support/scripted-server.ts";
import { answerTo, countEach, kill, questionOf, randomNumbers, runArguments, runFreely, undisturbedOutput } from "./commands.ts";
import { Figures, isFullSize } from "./figures.ts";

const [lines, kills, concurrency, linesPerLife] = [20_000, 200, 32, 250];
/** How long a process would send on, of those that die at any moment of their lives. */
const sendingMs = 200;

/** One of them: `test/e2e/interrupts.test.ts`. */
it.runIf(isFullSize)(`${kills} sudden deaths: the same command again each time ends as if there had been none`, async () => {
  const figures = new Figures(`${kills} sudden deaths`);
  const random = randomNumbers(1);
  let isSlow = false;
  const server = await serve((call) => {
    const answer = answerTo(call);
    return isSlow ? delayed(50 + (questionOf(call) % 200), answer) : answer;
  });
  const args = runArguments(server, "-c", String(concurrency));

  const undisturbed = await undisturbedOutput(args, questions(lines));
  const start = server.ledger.length;
  isSlow = true;

  const user = new Workplace();
  user.write("in.jsonl", questions(lines));
  const deaths: Death[] = [];
  let startingMs = 500; // reading the file and the cache takes longer each time
  for (let count = 0; count < kills; count += 1) {
    const startedAt = performance.now();
    const child = user.start(args, { stdio: "ignore" });
    const from = server.ledger.length;
    const whileSending = count % 2 === 0;
    if (whileSending) {
      await someLinesLater(server, child, 1);
      startingMs = performance.now() - startedAt;
      await someLinesLater(server, child, random() * linesPerLife);
      await sleep(random() * 30);
    } else {
      await sleep(random() * (startingMs + sendingMs));
    }
    await kill(child, "SIGKILL");
    await server.until(() => server.inFlight === 0);
    const hit = child.signalCode === "SIGKILL";
    deaths.push({ whileSending, hit, from, to: server.ledger.length, partial: partialOf(user) });
  }
  isSlow = false;
  const asked = server.ledger.length;
  const { code, stderr } = await runFreely(user, args);
  expect(code, stderr).toBe(0);
  const ledger = server.ledger.slice(start);
  const repeated = repeatedCalls(ledger);
  const paidTwice = repeated.filter(({ first }) => !first.aborted);
  const lostBy = ({ from, to }: Death): number => repeated.filter(({ first: { index } }) => index >= from && index < to).length;
  const averageBy = (wanted: boolean): number => {
    const losses = deaths.filter(({ whileSending }) => whileSending === wanted).map(lostBy);
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  };
  figures.exactly("processes killed before their end", deaths.filter(({ hit }) => hit).length, kills);
  figures.exactly("output differs from an undisturbed run's", user.read("out.jsonl") === undisturbed ? 0 : 1, 0);
  const strange = deaths.filter(({ partial }) => !undisturbed.startsWith(partial));
  figures.exactly("partial outputs that are not the beginning of that output", strange.length, 0);
  figures.exactly("lines never asked", lines - countEach(ledger.map(questionOf)).size, 0);
  figures.atMost("requests repeated in all", repeated.length, kills * concurrency);
  figures.atMost("most by one death", Math.max(...deaths.map(lostBy)), concurrency);
  figures.told("on average by a death while requests were sent", averageBy(true));
  figures.told("on average by a death at any moment of a process's life", averageBy(false));
  const average = "of all deaths, on average, answered whole and yet asked again";
  figures.atMost(average, paidTwice.length / kills, concurrency / 4);
  figures.told("lines asked before the last run", countEach(server.ledger.slice(start, asked).map(questionOf)).size);
  expect(figures.missed(`${lines} lines, concurrency ${concurrency}, answers take 50 to 250 ms`)).toEqual([]);
});

interface Death {
  readonly whileSending: boolean;
  readonly hit: boolean;
  /** Its requests in the ledger. */
  readonly from: number;
  readonly to: number;
  /** What it left of the output. */
  readonly partial: string;
}

function partialOf(user: Workplace): string {
  const path = user.path("out.jsonl.partial");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Resolves when the server has got so many more requests, or the process has ended before. */
async function someLinesLater(server: ScriptedServer, child: ChildProcess, count: number): Promise<void> {
  const wanted = server.ledger.length + count;
  await Promise.race([server.until(() => server.ledger.length >= wanted), once(child, "exit")]);
}

/** Each request whose question was asked before, with the call that had asked it. */
function repeatedCalls(ledger: readonly ReceivedCall[]): { first: ReceivedCall; again: ReceivedCall }[] {
  const latest = new Map<number, ReceivedCall>();
  const repeated: { first: ReceivedCall; again: ReceivedCall }[] = [];
  for (const again of ledger) {
    const first = latest.get(questionOf(again));
    if (first !== undefined) repeated.push({ first, again });
    latest.set(questionOf(again), again);
  }
  return repeated;
}
