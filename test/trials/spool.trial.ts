import { existsSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { constants } from "node:os";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { expect, it } from "vitest";
import { questions, Workplace } from "../e2e/cli.ts";
import { serve } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import { chatAnswer, type Reply, type ScriptedServer } from "../support/scripted-server.ts";
import { kill, questionOf, runArguments, undisturbedOutput } from "./commands.ts";
import { Figures, isFullSize } from "./figures.ts";

/** More than the 8 MiB that may wait in memory behind a slow line. */
const [lines, answerBytes] = [8, 4 * 1024 * 1024];
const concurrency = 4;
const faultCodes = ["ENOSPC", "EIO"] as const;

it.runIf(isFullSize)(
  "answers that wait on disk for an earlier line are found again after a sudden death, and nothing of them is left lying",
  async () => {
    const figures = new Figures("a sudden death while answers wait in the spool");
    const { server, hold, undisturbed } = await spoolingServer();
    const user = new Workplace();
    user.write("in.jsonl", questions(lines));
    const from = server.ledger.length;
    hold();
    const child = user.start(argumentsFor(server), { stdio: "ignore" });
    // The first line is held and all others are answered and committed, so every slot but its own is free.
    await server.until(() => server.ledger.length === from + lines && server.inFlight === 1);
    await expect.poll(() => spooledBytes(child.pid)).toBeGreaterThan(answerBytes);
    await kill(child, "SIGKILL");
    await server.until(() => server.inFlight === 0);
    const left = readdirSync(user.folder).filter((name) => name.includes("spool"));
    const asked = server.ledger.length;
    hold(false);
    const { code, stderr } = await user.run(argumentsFor(server));
    expect(code, stderr).toBe(0);
    figures.exactly("files of the spool left behind", left.length, 0);
    figures.atMost("requests repeated", server.ledger.length - asked, concurrency);
    figures.exactly("output differs from an undisturbed run's", user.read("out.jsonl") === undisturbed ? 0 : 1, 0);
    expect(figures.missed(`${lines} answers of 4 MiB behind a first line that hangs, concurrency ${concurrency}`)).toEqual([]);
  },
);

it.runIf(isFullSize)("a write of the spool that fails stops the run, and loses nothing", async () => {
  const figures = new Figures("a write of the spool that fails");
  const { server, hold, undisturbed } = await spoolingServer();
  const tally = { runs: 0, wrongCodes: 0, repeated: 0, unlike: 0 };
  for (const code of faultCodes) {
    for (let at = 1; ; at += 1) {
      const user = new Workplace();
      user.write("in.jsonl", questions(lines));
      const env = {
        ...user.environment,
        NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, "faults", "failing-writes.js")).href}`,
        FAULT_AT: String(at),
        FAULT_ERRNO: String(constants.errno[code]),
        FAULT_FILES: ".llmbatch-spool-",
        FAULT_MARK: user.path("mark"),
      };
      const from = server.ledger.length;
      hold();
      const child = user.start(argumentsFor(server), { env });
      const ended = user.finish(child);
      await server.until(() => server.ledger.length === from + lines || existsSync(user.path("mark")));
      await server.until(() => server.inFlight === 1);
      hold(false);
      const end = await ended;
      if (!existsSync(user.path("mark"))) {
        if (end.code !== 0) throw new Error(`without a fault the run ended with exit code ${end.code}: ${end.stderr}`);
        break;
      }
      tally.runs += 1;
      if (end.code !== 3) tally.wrongCodes += 1;
      const answered = new Set(
        server.ledger
          .slice(from)
          .filter(({ aborted }) => !aborted)
          .map(questionOf),
      );
      const again = server.ledger.length;
      await user.run(argumentsFor(server));
      tally.repeated += server.ledger.slice(again).filter((call) => answered.has(questionOf(call))).length;
      if (user.read("out.jsonl") !== undisturbed) tally.unlike += 1;
    }
  }
  figures.atLeast("runs in which a write failed", tally.runs, faultCodes.length);
  figures.exactly("exit codes other than 3", tally.wrongCodes, 0);
  figures.exactly("answered lines asked again", tally.repeated, 0);
  figures.exactly("same command, differs from an undisturbed run", tally.unlike, 0);
  expect(
    figures.missed(
      `${lines} answers of 4 MiB behind a first line that hangs; ${faultCodes.join(", ")}, at the first, the second … write`,
    ),
  ).toEqual([]);
});

function argumentsFor(server: ScriptedServer): string[] {
  return runArguments(server, "-c", String(concurrency));
}

async function spoolingServer(): Promise<{ server: ScriptedServer; hold: (held?: boolean) => void; undisturbed: string }> {
  const text = "x".repeat(answerBytes);
  let gate = deferred<void>();
  gate.resolve();
  const server = await serve(async (call): Promise<Reply> => {
    const question = questionOf(call);
    if (question === 1) await gate.promise;
    return chatAnswer(`answer to question ${question}${text}`);
  });
  const undisturbed = await undisturbedOutput(argumentsFor(server), questions(lines));
  const hold = (held = true): void => {
    if (held) gate = deferred();
    else gate.resolve();
  };
  return { server, hold, undisturbed };
}

/** Of all deleted files that the process holds open; the spool is one. Where `/proc` does not tell, a number that is always enough. */
function spooledBytes(pid: number | undefined): number {
  const folder = `/proc/${pid}/fd`;
  if (!existsSync(folder)) return Number.POSITIVE_INFINITY;
  const files = readdirSync(folder).map((name) => join(folder, name));
  const spool = files.find((file) => targetOf(file).includes(".llmbatch-spool-"));
  return spool === undefined ? 0 : statSync(spool).size;
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ""; // closed meanwhile
  }
}
