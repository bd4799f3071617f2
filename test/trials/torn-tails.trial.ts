import { cpSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { questions, Workplace } from "../e2e/cli.ts";
import { serve } from "../support/closing.ts";
import type { Reply, ScriptedServer } from "../support/scripted-server.ts";
import { answeredInCache } from "./cache-content.ts";
import { answerTo, kill, questionOf, randomNumbers, runArguments, runFreely, undisturbedOutput } from "./commands.ts";
import { Figures, sized } from "./figures.ts";

const { lines, partialCuts, journalCuts } = sized({
  small: { lines: 12, partialCuts: 2, journalCuts: 3 },
  full: { lines: 40, partialCuts: 100, journalCuts: 60 },
});
const concurrency = 4;

it("a torn partial output is written anew, wherever it was torn", async () => {
  const figures = new Figures("a partial output with a torn tail");
  const server = await serve(answerTo);
  const args = argumentsFor(server);
  const user = new Workplace();
  const undisturbed = await undisturbedOutput(args, questions(lines));
  user.write("in.jsonl", questions(lines));
  await runFreely(user, args);

  const tails = tornTails(undisturbed);
  const asked = server.ledger.length;
  let [unlike, left] = [0, 0];
  for (const tail of tails) {
    rmSync(user.path("out.jsonl"), { force: true });
    writeFileSync(user.path("out.jsonl.partial"), tail);
    const { code } = await runFreely(user, args);
    if (code !== 0 || user.read("out.jsonl") !== undisturbed) unlike += 1;
    if (existsSync(user.path("out.jsonl.partial"))) left += 1;
  }
  figures.told("torn tails", tails.length);
  figures.exactly("outputs that differ from an undisturbed run's", unlike, 0);
  figures.exactly("partial outputs left behind", left, 0);
  figures.exactly("requests sent again", server.ledger.length - asked, 0);
  expect(figures.missed(`${lines} lines; cut in the last line, and ended by zeros, half a character, another's line`)).toEqual(
    [],
  );
});

it("a torn journal of the cache is read up to the tear", async () => {
  const figures = new Figures("a journal of the cache with a torn tail, as a power failure leaves it");
  const { server, user, undisturbed } = await killedRun();
  const pristine = user.path("cache-of-the-killed-run");
  cpSync(user.path("cache"), pristine, { recursive: true });
  const journal = readFileSync(user.path("cache/cache.sqlite-wal"));
  const tears = tearsOf(journal.length);
  const [tally, least] = [{ unlike: 0, lost: 0 }, { answers: lines }];
  for (const { at, isZeroed } of tears) {
    rmSync(user.path("cache"), { recursive: true });
    cpSync(pristine, user.path("cache"), { recursive: true });
    truncateSync(user.path("cache/cache.sqlite-wal"), at);
    if (isZeroed) truncateSync(user.path("cache/cache.sqlite-wal"), journal.length);
    const committed = await answeredInCache(user.path("cache/cache.sqlite"));
    least.answers = Math.min(least.answers, committed.size);
    const from = server.ledger.length;
    const { code } = await runFreely(user, argumentsFor(server));
    if (code !== 0 || user.read("out.jsonl") !== undisturbed) tally.unlike += 1;
    const asked = server.ledger.slice(from).map(questionOf);
    if (asked.length !== lines - committed.size || asked.some((question) => committed.has(question))) tally.lost += 1;
  }
  figures.told("tears", tears.length);
  figures.told("answers before the earliest tear", least.answers);
  figures.exactly("outputs that differ from an undisturbed run's", tally.unlike, 0);
  figures.exactly("runs that asked for more than the answers behind the tear", tally.lost, 0);
  expect(figures.missed(`${lines} lines, ${journal.length} bytes of journal; cut, or zeros from there on`)).toEqual([]);
});

function argumentsFor(server: ScriptedServer): string[] {
  return runArguments(server, "--cache-path", "cache/cache.sqlite", "-c", String(concurrency));
}

/** Beginnings of the output, cut in its last line, and tails that no run has written. */
function tornTails(output: string): (string | Buffer)[] {
  const bytes = Buffer.from(output);
  const lastLine = bytes.lastIndexOf("\n", bytes.length - 2) + 1;
  const cuts = Array.from({ length: bytes.length - lastLine }, (_, byte) => bytes.subarray(0, lastLine + byte));
  const step = Math.ceil(cuts.length / Math.min(partialCuts, cuts.length));
  const middle = bytes.subarray(0, lastLine + 50);
  const strange = [Buffer.alloc(4096), Buffer.from([0xe2, 0x82]), Buffer.from('{"id":"batch_req_of_nobody"}\n')];
  return [...cuts.filter((_, place) => place % step === 0), "", ...strange.map((tail) => Buffer.concat([middle, tail]))];
}

interface Tear {
  readonly at: number;
  readonly isZeroed: boolean;
}

/** SQLite's journal has a header of 32 bytes, then frames of 24 bytes and a page of 4,096. */
function tearsOf(length: number): Tear[] {
  const random = randomNumbers(3);
  const anywhere = Array.from({ length: journalCuts }, (_, count) => {
    const at = Math.floor(random() * length);
    const frame = Math.floor((at - 32) / 4120);
    return [at, 32 + frame * 4120, 32 + frame * 4120 + 24][count % 3] ?? at;
  });
  const edges = [0, 1, 31, 32, 33, length - 1].filter((_, place) => place % Math.ceil(6 / journalCuts) === 0);
  return [...edges, ...anywhere.filter((at) => at >= 0)].map((at, place) => ({ at, isZeroed: place % 2 === 1 }));
}

/** A run that was killed when all but one line were answered and committed. */
async function killedRun(): Promise<{ server: ScriptedServer; user: Workplace; undisturbed: string }> {
  let isHeld = false;
  const server = await serve((call) => (isHeld && questionOf(call) === lines ? new Promise<Reply>(() => {}) : answerTo(call)));
  const undisturbed = await undisturbedOutput(argumentsFor(server), questions(lines));
  isHeld = true;
  const user = new Workplace();
  user.write("in.jsonl", questions(lines));
  const child = user.start(argumentsFor(server), { stdio: "ignore" });
  await expect.poll(() => wholeLines(user.path("out.jsonl.partial"))).toBe(lines - 1);
  await kill(child, "SIGKILL");
  isHeld = false;
  return { server, user, undisturbed };
}

function wholeLines(path: string): number {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 1 : 0;
}
