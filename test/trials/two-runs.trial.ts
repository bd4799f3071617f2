import { existsSync, readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { parseLines, questions, Workplace } from "../e2e/cli.ts";
import { serve } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import type { Reply } from "../support/scripted-server.ts";
import { answerTo, countEach, kill, questionOf, runArguments, runFreely, undisturbedOutput } from "./commands.ts";
import { Figures, isFullSize } from "./figures.ts";

const [runs, lines, rounds] = [4, 5_000, 5];
const contenders = 6;
const concurrency = 20;

/** In small: `test/caches/disk/disk-processes.test.ts`. */
it.runIf(isFullSize)("several runs share one new cache file: no error, and each finds what the others have asked", async () => {
  const figures = new Figures("runs that share one cache file");
  const tally = { errors: 0, unlike: 0, unasked: 0, askedTooOften: 0, askedAfterwards: 0, asked: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const server = await serve(answerTo);
    const user = new Workplace();
    // Each begins elsewhere, and all have half of their lines in common with the next.
    const files = Array.from({ length: runs }, (_, run) =>
      questions((lines / 2) * (runs + 1)).slice((run * lines) / 2, (run * lines) / 2 + lines),
    );
    for (const [run, file] of files.entries()) user.write(`in-${run}.jsonl`, file);
    const commands = files.map((_, run) => {
      const [command = "", , ...rest] = runArguments(server, "--cache-path", "new/cache.sqlite", "-c", String(concurrency));
      return [command, `in-${run}.jsonl`, ...rest, "-o", `out-${run}.jsonl`];
    });
    const ends = await Promise.all(commands.map((args) => user.run(args)));
    tally.errors += ends.filter(({ code, stderr }) => code !== 0 || stderr !== "").length;
    const asked = countEach(server.ledger.map(questionOf));
    tally.asked += server.ledger.length;
    tally.unasked += (lines / 2) * (runs + 1) - asked.size;
    tally.askedTooOften += [...asked.values()].filter((count) => count > 2).length;
    const afterwards = server.ledger.length;
    for (const args of commands) await runFreely(user, args);
    tally.askedAfterwards += server.ledger.length - afterwards;
    for (const [run, file] of files.entries()) {
      const answers = parseLines(user.read(`out-${run}.jsonl`));
      const fit = answers.filter(({ custom_id, error, response }, place) => {
        const id = Object(file[place]).custom_id;
        return (
          custom_id === id && error === null && JSON.stringify(response?.body).includes(`answer to question ${id.slice(2)}"`)
        );
      });
      if (answers.length !== lines || fit.length !== lines) tally.unlike += 1;
    }
  }
  figures.exactly("errors and complaints", tally.errors, 0);
  figures.exactly("wrong outputs", tally.unlike, 0);
  figures.exactly("lines never asked", tally.unasked, 0);
  figures.told("requests a line, asked by two runs at most", tally.asked / rounds / ((lines / 2) * (runs + 1)));
  figures.exactly("lines asked more often than by each run that has them", tally.askedTooOften, 0);
  figures.exactly("the same commands again: requests", tally.askedAfterwards, 0);
  expect(
    figures.missed(
      `${rounds} rounds, ${runs} runs at once, ${lines} lines each, half of them shared, concurrency ${concurrency}`,
    ),
  ).toEqual([]);
});

/** One of them against one other: `test/e2e/interrupts.test.ts`. */
it.runIf(isFullSize)("several runs want one output: one gets it, the others refuse clearly and send nothing", async () => {
  const figures = new Figures("runs that want one output");
  const tally = { winners: 0, unclear: 0, refusals: 0, repeated: 0, unlike: 0, left: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const gate = deferred<void>();
    const server = await serve(async (call): Promise<Reply> => {
      await gate.promise;
      return answerTo(call);
    });
    const user = new Workplace();
    user.write("in.jsonl", questions(50));
    const args = runArguments(server, "-c", String(concurrency));
    if (round % 2 === 1) await leaveLockOfADeadRun(user, args);
    const from = server.ledger.length;
    const children = Array.from({ length: contenders }, () => user.start(args));
    let refused = 0;
    const ends = children.map(async (child) => {
      const end = await user.finish(child);
      refused += 1;
      // Nobody is answered before all others have given up, so that none of them comes when the first has finished.
      if (refused === contenders - 1) gate.resolve();
      return end;
    });
    const ended = await Promise.all(ends);
    const [winner, ...more] = children.filter(({ exitCode }) => exitCode === 0);
    tally.winners += winner !== undefined && more.length === 0 ? 1 : 0;
    const losers = ended.filter(({ code }) => code === 2);
    tally.refusals += losers.length;
    const words = `another run is writing out.jsonl (process ${winner?.pid})`;
    tally.unclear += losers.filter(({ stderr }) => !stderr.includes(words)).length;
    tally.repeated += server.ledger.length - from - 50;
    if (user.read("out.jsonl") !== (await undisturbedOutput(args, questions(50)))) tally.unlike += 1;
    tally.left += readdirSync(user.folder).filter((name) => /lock|partial/.test(name)).length;
  }
  figures.exactly("rounds with one winner", tally.winners, rounds);
  figures.exactly("refusals", tally.refusals, rounds * (contenders - 1));
  figures.exactly("refusals that do not name the file and the process", tally.unclear, 0);
  figures.exactly("requests beyond one a line", tally.repeated, 0);
  figures.exactly("outputs that differ from an undisturbed run's", tally.unlike, 0);
  figures.exactly("locks and partial outputs left behind", tally.left, 0);
  expect(
    figures.missed(`${rounds} rounds, ${contenders} runs started at once, in every second round over the lock of a dead one`),
  ).toEqual([]);
});

async function leaveLockOfADeadRun(user: Workplace, args: readonly string[]): Promise<void> {
  const child = user.start(args, { stdio: "ignore" });
  await expect.poll(() => existsSync(user.path("out.jsonl.lock"))).toBe(true);
  await kill(child, "SIGKILL");
}
