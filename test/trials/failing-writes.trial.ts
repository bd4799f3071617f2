import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { questions, Workplace } from "../e2e/cli.ts";
import { serve } from "../support/closing.ts";
import { errorAnswer, type ScriptedServer } from "../support/scripted-server.ts";
import { answeredInCache } from "./cache-content.ts";
import { compileFaults } from "./compile-faults.ts";
import { answerTo, questionOf, runArguments, runFreely } from "./commands.ts";
import { Figures, sized } from "./figures.ts";

const lines = 8;
/** The server refuses it, so that `--errors` gets a line too. */
const refusedQuestion = 3;
const concurrency = 3;
const faults = join(import.meta.dirname, "faults");
const older = "an older result\n";
const results = ["out.jsonl", "out.errors.jsonl"];

/** A way to make writes fail. */
interface Means {
  /** Only files whose path holds this. */
  readonly files: (folder: string) => string;
  readonly environment: NodeJS.ProcessEnv;
  /** From one N to the next. */
  readonly step: number;
}

interface Fault {
  readonly code: "EIO" | "ENOSPC";
  readonly forEver: boolean;
}

const kinds: readonly Fault[] = sized({
  small: [{ code: "ENOSPC", forEver: false }],
  full: [
    { code: "ENOSPC", forEver: true },
    { code: "ENOSPC", forEver: false },
    { code: "EIO", forEver: true },
    { code: "EIO", forEver: false },
  ],
});

describe("a write that fails, the first, the second, the third … until there are no more", () => {
  it("of the results, the statistics and the lock", async () => {
    const missed = await tryAll("a write of the results, the statistics or the lock that fails", {
      files: (folder) => join(folder, "out."),
      environment: { NODE_OPTIONS: `--import ${pathToFileURL(join(faults, "failing-writes.js")).href}` },
      step: sized({ small: 29, full: 1 }),
    });
    expect(missed).toEqual([]);
  });

  it("of the cache, by SQLite", async ({ skip }) => {
    const library = compileFaults();
    skip(library === undefined, "there is no C compiler here (cc), or no LD_PRELOAD");
    const missed = await tryAll("a write of the cache that fails", {
      files: (folder) => join(folder, "cache", "cache.sqlite"),
      environment: { LD_PRELOAD: library },
      step: sized({ small: 101, full: 1 }),
    });
    expect(missed).toEqual([]);
  });
});

/** @returns the figures that were missed. */
async function tryAll(title: string, means: Means): Promise<string[]> {
  const figures = new Figures(title);
  const tally = new Tally();
  // Two at once: most of the time goes into starting processes.
  const waiting = kinds.slice();
  await Promise.all([0, 1].map(() => tryKinds(waiting, means, tally)));
  figures.atLeast("runs in which a write failed", tally.runs, kinds.length);
  figures.told("of them before anything was sent (exit code 2)", tally.refused);
  figures.told("of them stopped (exit code 3)", tally.stopped);
  figures.told("of them finished nevertheless", tally.finished);
  figures.exactly("crashes", tally.crashes, 0);
  figures.exactly("exit codes that the server's ledger contradicts", tally.wrongCodes, 0);
  figures.exactly("corrupt results under their final names", tally.corrupt, 0);
  figures.exactly("broken lines, or lines that the cache does not know, in partial results", tally.strayLines, 0);
  figures.exactly("answered lines lost: not committed in a finished run, or asked again though committed", tally.lost, 0);
  // Those in flight when the cache fails: nothing starts in their place.
  figures.atMost("most requests answered and yet asked again, after one fault", tally.maxRepeated, concurrency);
  figures.exactly("same command, differs from an undisturbed run", tally.unlike, 0);
  const said = kinds.map(({ code, forEver }) => `${code} ${forEver ? "for ever" : "once"}`);
  const missed = figures.missed(`${lines} lines, concurrency ${concurrency}, ${said.join(", ")}`);
  return missed.length === 0 ? missed : [...missed, ...tally.notes];
}

async function tryKinds(waiting: Fault[], means: Means, tally: Tally): Promise<void> {
  for (let kind = waiting.shift(); kind !== undefined; kind = waiting.shift()) {
    // A server, and so a base URL, of its own: its ledger tells what these runs asked, and no others.
    const server = await serve((call) => (questionOf(call) === refusedQuestion ? errorAnswer(400) : answerTo(call)));
    const undisturbed = await runToEnd(server, new Workplace());
    for (let at = 1; await tryOne({ ...kind, at }, means, server, undisturbed, tally); at += means.step);
  }
}

/** @returns whether a fault was reached; if not, there are no more. */
async function tryOne(
  fault: Fault & { at: number },
  means: Means,
  server: ScriptedServer,
  undisturbed: readonly string[],
  tally: Tally,
): Promise<boolean> {
  const user = new Workplace();
  user.write("in.jsonl", questions(lines));
  for (const name of results) user.write(name, older);
  const faulty = {
    ...user.environment,
    ...means.environment,
    FAULT_AT: String(fault.at),
    FAULT_ERRNO: String(constants.errno[fault.code]),
    ...(fault.forEver && { FAULT_FOR_EVER: "1" }),
    FAULT_FILES: means.files(user.folder),
    FAULT_MARK: user.path("mark"),
  };
  const start = server.ledger.length;
  const { code, stderr } = await user.finish(user.start(argumentsFor(server), { env: faulty }));
  if (!existsSync(user.path("mark"))) {
    if (code !== 1) throw new Error(`without a fault the run ended with exit code ${code}: ${stderr}`);
    return false;
  }

  const note = (what: string): number => {
    tally.notes.push(
      `${what}: ${fault.code} ${fault.forEver ? "for ever" : "once"} at ${fault.at}, ${user.read("mark")}: code ${code} ${stderr}`,
    );
    return 1;
  };
  tally.runs += 1;
  if (code === 2) tally.refused += 1;
  else if (code === 3) tally.stopped += 1;
  else tally.finished += 1;
  if (code === null || code > 3 || /\n {4}at /.test(stderr)) tally.crashes += note("crash");
  const asked = server.ledger.slice(start);
  if ((code === 2 && asked.length > 0) || code === 0) tally.wrongCodes += note("exit code");

  const now = results.map((name) => user.read(name));
  for (const [place, text] of now.entries()) {
    if (text !== undisturbed[place] && (text !== older || code === 1)) tally.corrupt += note("corrupt");
  }
  if (existsSync(user.path("out.jsonl.stats.json"))) JSON.parse(user.read("out.jsonl.stats.json"));

  const committed = await answeredInCache(user.path("cache/cache.sqlite"));
  const answered = new Set(asked.filter(({ aborted }) => !aborted).map(questionOf));
  answered.delete(refusedQuestion);
  if (code === 1 && [...answered].some((question) => !committed.has(question))) tally.lost += note("finished without it");
  for (const line of wholePartialLines(user)) {
    const question = Number(/"custom_id":"q-(\d+)"/.exec(line)?.[1]);
    if (undisturbed[0]?.includes(`${line}\n`) !== true || !committed.has(question)) tally.strayLines += note("stray line");
  }

  const again = server.ledger.length;
  const end = await runToEnd(server, user);
  const askedAgain = server.ledger.slice(again).map(questionOf);
  if (askedAgain.some((question) => committed.has(question))) tally.lost += note("lost");
  const repeated = askedAgain.filter((question) => answered.has(question)).length;
  tally.maxRepeated = Math.max(tally.maxRepeated, repeated);
  if (end.some((text, place) => text !== undisturbed[place])) tally.unlike += note("unlike");
  rmSync(user.folder, { recursive: true });
  return true;
}

/** What was seen over all faulted runs. */
class Tally {
  runs = 0;
  refused = 0;
  stopped = 0;
  finished = 0;
  crashes = 0;
  wrongCodes = 0;
  corrupt = 0;
  strayLines = 0;
  lost = 0;
  maxRepeated = 0;
  unlike = 0;
  /** To find out why. */
  readonly notes: string[] = [];
}

function argumentsFor(server: ScriptedServer): string[] {
  const more = ["--errors", "out.errors.jsonl", "--cache-path", "cache/cache.sqlite", "-c", String(concurrency)];
  return runArguments(server, ...more);
}

/** The command without faults. @returns the results, and what else it left behind, which is nothing. */
async function runToEnd(server: ScriptedServer, user: Workplace): Promise<string[]> {
  user.write("in.jsonl", questions(lines));
  const { code, stderr } = await runFreely(user, argumentsFor(server));
  if (code !== 1) return [`exit code ${code}: ${stderr}`];
  const left = readdirSync(user.folder).filter((name) => /\.(partial|lock|tmp)$/.test(name));
  return [...results.map((name) => user.read(name)), left.join(" ")];
}

function wholePartialLines(user: Workplace): string[] {
  const path = user.path("out.jsonl.partial");
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8").split("\n").slice(0, -1);
}
