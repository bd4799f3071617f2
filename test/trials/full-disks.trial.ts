import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { questions, Workplace } from "../e2e/cli.ts";
import { serve } from "../support/closing.ts";
import { chatAnswer, type ScriptedServer } from "../support/scripted-server.ts";
import { answeredInCache } from "./cache-content.ts";
import { compileFaults } from "./compile-faults.ts";
import { questionOf, runArguments, runFreely, undisturbedOutput } from "./commands.ts";
import { Figures, isFullSize, sized } from "./figures.ts";

const { lines, fullDisks } = sized({
  small: { lines: 350, fullDisks: [["under both", "disk/out.jsonl", "disk/cache.sqlite"]] },
  full: {
    lines: 5_000,
    fullDisks: [
      ["under the output", "disk/out.jsonl", "cache.sqlite"],
      ["under the cache", "out.jsonl", "disk/cache.sqlite"],
      ["under both", "disk/out.jsonl", "disk/cache.sqlite"],
    ],
  },
});
const concurrency = 16;
const bytesPerAnswer = 2_000;

describe("a disk that is full", () => {
  it.for(fullDisks)(
    "%s: the run stops, and the same command finishes when there is room",
    async ([where = "", output = "", cache = ""], { skip }) => {
      const user = new Workplace();
      const enlarge = mountSmallDisk(user.path("disk"));
      skip(enlarge === undefined, "no file system can be mounted here");
      const missed = await trial(`a disk that is full ${where}`, user, { output, cache, repair: () => enlarge?.() });
      expect(missed).toEqual([]);
    },
  );
});

describe.runIf(isFullSize)("a disk that becomes read-only", () => {
  it("under the output: the run stops, and the same command finishes later", async () => {
    const user = new Workplace();
    const environment = {
      NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, "faults", "failing-writes.js")).href}`,
    };
    const missed = await trial("a disk that becomes read-only under the output", user, {
      output: "out.jsonl",
      cache: "cache.sqlite",
      environment: { ...environment, ...readOnlyAfter(user, 8, user.path("out.")) },
    });
    expect(missed).toEqual([]);
  });

  it("under the cache: the run stops, and the same command finishes later", async ({ skip }) => {
    const library = compileFaults();
    skip(library === undefined, "there is no C compiler here (cc), or no LD_PRELOAD");
    const user = new Workplace();
    const missed = await trial("a disk that becomes read-only under the cache", user, {
      output: "out.jsonl",
      cache: "cache.sqlite",
      environment: { LD_PRELOAD: library, ...readOnlyAfter(user, 300, user.path("cache.sqlite")) },
    });
    expect(missed).toEqual([]);
  });
});

describe("a disk that is read-only", () => {
  it.for([
    ["output", "disk/out.jsonl", "cache.sqlite"],
    ["cache", "out.jsonl", "disk/cache.sqlite"],
  ])("under the %s: nothing is sent", async ([, output = "", cache = ""], { skip }) => {
    const user = new Workplace();
    skip(mountSmallDisk(user.path("disk")) === undefined, "no file system can be mounted here");
    execFileSync("mount", ["-o", "remount,ro", user.path("disk")]);
    const server = await serve(() => chatAnswer());
    user.write("in.jsonl", questions(1));
    const { code, stderr } = await runFreely(user, argumentsFor(server, output, cache));
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(/read-only/);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(server.ledger).toEqual([]);
  });
});

interface Places {
  readonly output: string;
  readonly cache: string;
  /** How the first run is hindered, if not by the disk itself. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly repair?: () => void;
}

/** @returns the figures that were missed. */
async function trial(title: string, user: Workplace, { output, cache, environment, repair }: Places): Promise<string[]> {
  const figures = new Figures(title);
  const text = "x".repeat(bytesPerAnswer);
  const server = await serve((call) => chatAnswer(`answer to question ${questionOf(call)}`, { text }));
  const undisturbed = await undisturbedOutput(runArguments(server), questions(lines));

  user.write("in.jsonl", questions(lines));
  user.write(output, "an older result\n");
  const from = server.ledger.length;
  const args = argumentsFor(server, output, cache);
  const stopped = await user.finish(user.start(args, { env: { ...user.environment, ...environment } }));
  const older = user.read(output);
  const committed = await answeredInCache(user.path(cache));
  const asked = server.ledger.slice(from).map(questionOf);
  figures.exactly("exit code", stopped.code ?? -1, 3);
  figures.exactly(
    "says why, and what to do",
    Number(/full|read-only|writing the disk failed/.test(stopped.stderr) && /same command/.test(stopped.stderr)),
    1,
  );
  figures.exactly("stack traces", /\n {4}at /.test(stopped.stderr) ? 1 : 0, 0);
  figures.exactly("older output changed", older === "an older result\n" ? 0 : 1, 0);
  figures.told("requests asked before it stopped", asked.length);
  figures.told("answers committed by then", committed.size);

  repair?.();
  const again = server.ledger.length;
  const end = await runFreely(user, args);
  const askedAgain = server.ledger.slice(again).map(questionOf);
  figures.exactly("same command: exit code", end.code ?? -1, 0);
  figures.exactly("same command: output differs from an undisturbed run's", user.read(output) === undisturbed ? 0 : 1, 0);
  figures.exactly("committed answers asked for again", askedAgain.filter((question) => committed.has(question)).length, 0);
  // Those in flight when the cache fails: nothing starts in their place.
  const repeated = askedAgain.filter((question) => asked.includes(question)).length;
  figures.atMost("requests asked again in all", repeated, concurrency);
  return figures.missed(`${lines} lines with answers of ${bytesPerAnswer} bytes, concurrency ${concurrency}, disks of 1 MiB`);
}

function argumentsFor(server: ScriptedServer, output: string, cache: string): string[] {
  return [...runArguments(server, "--cache-path", cache, "-c", String(concurrency)), "-o", output, "--stats", "stats.json"];
}

/** @returns how to make it large; undefined where nothing can be mounted. */
function mountSmallDisk(folder: string): (() => void) | undefined {
  mkdirSync(folder);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]).status !== 0) return undefined;
  onTestFinished(() => void spawnSync("umount", ["--lazy", folder]));
  return () => void execFileSync("mount", ["-o", "remount,size=200m", folder]);
}

function readOnlyAfter(user: Workplace, writes: number, files: string): NodeJS.ProcessEnv {
  return {
    FAULT_AT: String(writes),
    FAULT_ERRNO: String(constants.errno.EROFS),
    FAULT_FOR_EVER: "1",
    FAULT_FILES: files,
    FAULT_MARK: user.path("mark"),
  };
}
