import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { questions, Workplace } from "../e2e/cli.ts";
import { serve } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import { type Reply, type ScriptedServer } from "../support/scripted-server.ts";
import { answerTo, questionOf, randomNumbers, runArguments, undisturbedOutput } from "./commands.ts";
import { Figures, isFullSize } from "./figures.ts";

const [rounds, lines] = [24, 400];
/** What `test/e2e/interrupts.test.ts` looks at once, here at many moments. */
const signals = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const;

it.runIf(isFullSize)("a signal at any moment: no request starts after it, and the same command repeats nothing", async () => {
  const figures = new Figures("a signal, once");
  const random = randomNumbers(5);
  const tally = { wrongCodes: 0, startedAfter: 0, repeated: 0, unlike: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const [signal, code] = signals[round % signals.length] ?? signals[0];
    const { gated, user, args, child } = await beginRound(random);
    const stderr = child.stderr === null ? Promise.resolve("") : text(child.stderr);
    const started = gated.server.ledger.length;
    child.kill(signal);
    // Answers come only when the program has said that it heard; from then on slots become free that no request may take.
    if (child.stderr !== null) await once(child.stderr, "data");
    gated.open();
    const [exitCode] = await once(child, "exit");
    if (exitCode !== code || !(await stderr).includes("run the same command again")) tally.wrongCodes += 1;
    tally.startedAfter += gated.server.ledger.length - started;
    await user.run(args);
    tally.repeated += gated.server.ledger.length - lines;
    if (user.read("out.jsonl") !== (await undisturbedOutput(args, questions(lines)))) tally.unlike += 1;
  }
  figures.exactly("exit codes other than 130, 143, 129", tally.wrongCodes, 0);
  figures.exactly("requests started after the signal", tally.startedAfter, 0);
  figures.exactly("same command: requests repeated", tally.repeated, 0);
  figures.exactly("same command: outputs that differ from an undisturbed run's", tally.unlike, 0);
  expect(
    figures.missed(`${rounds} rounds, ${lines} lines, at random moments, concurrency 1 to 30; SIGINT, SIGTERM, SIGHUP`),
  ).toEqual([]);
});

it.runIf(isFullSize)("a signal twice: the end comes at once, and only what was in flight is repeated", async () => {
  const figures = new Figures("a signal, twice");
  const random = randomNumbers(6);
  const tally = { wrongCodes: 0, startedAfter: 0, locks: 0, repeated: 0, inFlight: 0, unlike: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const [signal, code] = signals[round % signals.length] ?? signals[0];
    const { concurrency, gated, user, args, child } = await beginRound(random);
    const started = gated.server.ledger.length;
    child.kill(signal);
    if (child.stderr !== null) await once(child.stderr, "data");
    child.kill(signal);
    // Nothing is ever answered, so it ends by the signal or not at all.
    const [exitCode] = await once(child, "exit");
    if (exitCode !== code) tally.wrongCodes += 1;
    tally.startedAfter += gated.server.ledger.length - started;
    gated.open();
    const end = await user.run(args);
    expect(end.code, end.stderr).toBe(0);
    tally.repeated += gated.server.ledger.length - lines;
    tally.inFlight += concurrency;
    if (user.read("out.jsonl") !== (await undisturbedOutput(args, questions(lines)))) tally.unlike += 1;
  }
  figures.exactly("exit codes other than 130, 143, 129", tally.wrongCodes, 0);
  figures.exactly("requests started after the first signal", tally.startedAfter, 0);
  figures.atMost("same command: requests repeated", tally.repeated, tally.inFlight);
  figures.exactly("same command: outputs that differ from an undisturbed run's", tally.unlike, 0);
  expect(figures.missed(`${rounds} rounds, ${lines} lines, at random moments, concurrency 1 to 30`)).toEqual([]);
});

it.runIf(isFullSize)("stdout closed by head: a quiet end, and nothing that was answered is asked again", async () => {
  const figures = new Figures("stdout closed by head");
  const random = randomNumbers(7);
  const tally = { wrongCodes: 0, complaints: 0, wrongLines: 0, repeated: 0, asked: 0 };
  const many = lines * 5;
  for (let round = 0; round < rounds; round += 1) {
    const wanted = 1 + Math.floor(random() * lines);
    const server = await serve(answerTo);
    const user = new Workplace();
    user.write("in.jsonl", questions(many));
    const args = ["run", "in.jsonl", "--base-url", `${server.url}/v1`, "-q", "-c", "20"];
    const child = user.start(args, { stdio: ["ignore", "pipe", "pipe"] });
    const head = spawn("head", ["-n", String(wanted)], { stdio: [child.stdout ?? "ignore", "pipe", "inherit"] });
    child.stdout?.destroy();
    const ended = once(child, "exit");
    const [data, complaints] = await Promise.all([text(head.stdout), child.stderr === null ? "" : text(child.stderr)]);
    const [code] = await ended;
    await server.until(() => server.inFlight === 0);
    const answered = new Set(server.ledger.filter(({ aborted }) => !aborted).map(questionOf));
    const asked = server.ledger.length;
    tally.asked += asked;
    if (code !== 0) tally.wrongCodes += 1;
    if (complaints !== "") tally.complaints += 1;
    const whole = await user.run([...args, "-o", "out.jsonl"]);
    expect(whole.code, whole.stderr).toBe(0);
    const output = user.read("out.jsonl");
    if (!output.startsWith(data) || data.split("\n").length - 1 !== wanted) tally.wrongLines += 1;
    tally.repeated += server.ledger.slice(asked).filter((call) => answered.has(questionOf(call))).length;
  }
  figures.told("on average asked before the end, of all lines", tally.asked / rounds);
  figures.exactly("exit codes other than 0", tally.wrongCodes, 0);
  figures.exactly("complaints on stderr", tally.complaints, 0);
  figures.exactly("heads that are not the first lines of the output", tally.wrongLines, 0);
  figures.exactly("answered lines asked again by the next run", tally.repeated, 0);
  expect(figures.missed(`${rounds} rounds, ${many} lines, head -n 1 to ${lines}, concurrency 20`)).toEqual([]);
});

interface Round {
  readonly concurrency: number;
  readonly gated: GatedServer;
  readonly user: Workplace;
  readonly args: readonly string[];
  readonly child: ChildProcess;
}

/** Starts a run, and waits for a random moment at which all its slots are taken and no answer comes. */
async function beginRound(random: () => number): Promise<Round> {
  const concurrency = 1 + Math.floor(random() * 30);
  const gated = await gatedServer(1 + Math.floor(random() * (lines - concurrency)));
  const user = new Workplace();
  user.write("in.jsonl", questions(lines));
  const args = runArguments(gated.server, "-c", String(concurrency));
  const child = user.start(args);
  await gated.server.until(() => gated.server.inFlight === concurrency && gated.isShut());
  return { concurrency, gated, user, args, child };
}

interface GatedServer {
  readonly server: ScriptedServer;
  readonly isShut: () => boolean;
  readonly open: () => void;
}

/** Answers so many requests, and those after them only when it is opened. */
async function gatedServer(answeredAtOnce: number): Promise<GatedServer> {
  const gate = deferred<void>();
  let received = 0;
  const server = await serve(async (call): Promise<Reply> => {
    received += 1;
    if (received > answeredAtOnce) await gate.promise;
    return answerTo(call);
  });
  return { server, isShut: () => received > answeredAtOnce, open: () => gate.resolve() };
}
