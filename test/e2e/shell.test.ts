import { spawnSync } from "node:child_process";
import { closeSync, constants, existsSync, openSync } from "node:fs";
import { PassThrough } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { makePipe } from "../cli/scripts.ts";
import { serve } from "../support/closing.ts";
import { silence } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

/** The writing end of a pipe whose reader has gone. */
function pipeWithoutReader(user: Workplace): number {
  const pipe = makePipe(user.path(`pipe-${Math.random()}`));
  const reading = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const writing = openSync(pipe, constants.O_WRONLY);
  closeSync(reading);
  onTestFinished(() => closeSync(writing));
  return writing;
}

describe("a reader that has enough", () => {
  it.each<[string[], number]>([
    [["run", "--help"], 0], // commander writes it, as it does the version
    [["providers"], 0], // and this the commands themselves
    [["validate", "in.jsonl"], 2],
  ])("of stdout ends %j quietly: it printed a stack trace", async (args, expected) => {
    const user = new Workplace();
    user.write("in.jsonl", [7]);
    const child = user.start(args, { stdio: ["ignore", pipeWithoutReader(user), "pipe"] });
    const { code, stderr } = await user.finish(child);
    expect(code, stderr).toBe(expected);
    expect(stderr).not.toMatch(/EPIPE|at .*\.js/);
  });

  it("of stderr does not keep a run from its end", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(2));
    const args = ["run", "in.jsonl", "--provider", "mock", "-o", "out.jsonl"];
    const { code } = await user.finish(user.start(args, { stdio: ["ignore", "pipe", pipeWithoutReader(user)] }));
    expect(code).toBe(0);
    expect(user.lines("out.jsonl")).toHaveLength(2);
  });
});

it.runIf(existsSync("/dev/full"))("a stdout on a full disk is said in words, with an exit code", async () => {
  const user = new Workplace();
  const full = openSync("/dev/full", "w");
  onTestFinished(() => closeSync(full));
  for (const args of [["providers"], ["--version"]]) {
    const child = user.start(args, { stdio: ["ignore", full, "pipe"] });
    expect(await user.finish(child)).toMatchObject({
      code: 3,
      stderr: "llmbatch: cannot write to stdout: the disk is full; make room and run the same command again\n",
    });
  }
});

describe("a home folder", () => {
  const withoutEntry = { uid: 54_321, gid: 54_321, cwd: "/" };

  /** Root alone can start a program as another user, who may not be allowed to run this Node: one of npx lies in root's home. */
  const canStartIt = spawnSync(process.execPath, ["--version"], withoutEntry).status === 0;

  it.runIf(canStartIt)("without a name is said in words: it was a stack trace", async () => {
    const user = new Workplace();
    for (const args of [
      ["cache", "path"],
      ["run", "-", "--provider", "mock"],
    ]) {
      const child = user.start(args, { ...withoutEntry, env: { PATH: process.env["PATH"] } });
      const { code, stdout, stderr } = await user.finish(child, '{"prompt":"Hi","model":"m"}\n');
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(/^llmbatch: there is no home folder for the cache: .*--cache-path.*\n$/);
    }
  });

  it("is that of the user where HOME is empty", async () => {
    const user = new Workplace();
    Object.assign(user.environment, { HOME: "", XDG_CACHE_HOME: "" });
    expect((await user.runHere(["cache", "path"])).stdout).toMatch(/^\/.*\/\.cache\/llmbatch\/cache\.sqlite\n$/);
  });
});

describe("a stdin that stays open and gives nothing", () => {
  it("is said to be waited for", async () => {
    const user = new Workplace();
    const child = user.start(["run", "--provider", "mock"]);
    const input = new PassThrough();
    child.stderr?.once("data", () => input.end('{"prompt":"Hi","model":"m"}\n'));
    const { code, stderr } = await user.finish(child, input);
    expect(code, stderr).toBe(0);
    expect(stderr.match(/waiting for requests on stdin/g)).toHaveLength(1);
  });

  it("is not mentioned once something has come", async () => {
    const { stderr } = await new Workplace().runHere(["validate"], '{"prompt":"Hi","model":"m"}\n');
    expect(stderr).toBe("");
  });
});

describe("a mistake", () => {
  it.each<[string[], string]>([
    [["run", "in.jsonl", "--bogus"], "(llmbatch run --help shows what there is)"],
    [["validate", "--rpm", "1"], "(llmbatch validate --help shows what there is)"],
    [["cache", "prune", "--bogus"], "(llmbatch cache prune --help shows what there is)"],
    [["mock", "--rpm", "x"], "(llmbatch mock --help shows what there is)"],
    [["frobnicate"], "(llmbatch --help shows what there is)"],
  ])("leads to the help of its command: %j", async (args, hint) => {
    const { code, stderr } = await new Workplace().runHere(args);
    expect(code).toBe(2);
    expect(stderr.trimEnd().split("\n").at(-1)).toBe(hint);
  });

  it("in a variable's name is said, with the name that was meant: it had no effect, without a word", async () => {
    const user = new Workplace();
    Object.assign(user.environment, {
      LLMBATCH_RMP: "60",
      LLMBATCH_MAXRETRIES: "1",
      LLMBATCH_SOMETHING_ELSE: "1",
      LLMBATCH_MODEL: "m",
    });
    const { code, stderr } = await user.runHere(["validate"], '"Hi"\n');
    expect({ code, lines: stderr.trimEnd().split("\n") }).toEqual({
      code: 0,
      lines: [
        "llmbatch: the environment variable LLMBATCH_RMP has no effect: no option has that name; did you mean LLMBATCH_RPM?",
        "llmbatch: the environment variable LLMBATCH_MAXRETRIES has no effect: no option has that name; did you mean LLMBATCH_MAX_RETRIES?",
        "llmbatch: the environment variable LLMBATCH_SOMETHING_ELSE has no effect: no option has that name",
      ],
    });
  });
});

describe("the escapes of an argument", () => {
  const evil = "\u001b]0;owned\u0007\u009b2J\u202e";
  const rawEscape = /(?!\n)[\p{Cc}\p{Cf}]/u;

  it.each<[string[]]>([
    [[evil]],
    [["run", `--${evil}`]],
    [["run", `--bogus=${evil}`]],
    [["run", evil]],
    [["run", "in.jsonl", "-o", `${evil}/out.jsonl`]],
    [["run", "in.jsonl", "--rpm", evil]],
    [["run", "in.jsonl", "--timeout", evil]],
    [["run", "in.jsonl", "--set", evil]],
    [["run", "in.jsonl", "--base-url", evil]],
    [["run", "in.jsonl", "--api-key-env", evil]],
    [["run", "in.jsonl", "--client-cert", evil, "--client-key", evil]],
    [["run", "in.jsonl", "--allow-files", evil]],
    [["run", "in.jsonl", "--cache-path", `/dev/null/${evil}`]],
    [["run", "in.jsonl", "--log", `${evil}/log`]],
    [["run", "in.jsonl", "-p", evil]],
    [["run", "in.jsonl", "--config", evil]],
    [["validate", evil]],
    [["check", "-p", evil]],
    [["mock", "--rpm", evil]],
    [["mock", "--outage", evil]],
    [["mock", "--rules", evil]],
    [["cache", "prune", "--older-than", evil]],
    [["cache", "stats", "--cache-path", evil]],
  ])("do not reach the terminal: %j", async (args) => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    const { stdout, stderr } = await user.runHere(args);
    expect(stdout + stderr).not.toBe("");
    expect(stdout + stderr).not.toMatch(rawEscape);
  });

  it("nor do those of names that a run has used, in its summary", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    const args = ["run", "in.jsonl", "-p", "mock", "-o", `${evil}.jsonl`, "--log", `${evil}.log`, "-m", evil];
    const { code, stderr } = await user.runHere(args);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("u001b");
    expect(stderr).not.toMatch(rawEscape);
  });
});

it("a length of time may have a unit, wherever one is given", async () => {
  const server = await serve(() => silence());
  const user = new Workplace();
  user.write("in.jsonl", questions(1));
  const args = ["run", "in.jsonl", "--base-url", `${server.url}/v1`, "--max-retries", "0"];
  const errorOf = async (...more: string[]): Promise<unknown> =>
    JSON.parse((await user.runHere([...args, ...more])).stdout).error;
  expect(await errorOf("--timeout", "20ms")).toMatchObject({ code: "timeout" });
  user.environment["LLMBATCH_TIMEOUT"] = "0.02s";
  expect(await errorOf()).toMatchObject({ code: "timeout" });
  delete user.environment["LLMBATCH_TIMEOUT"];
  user.write("llmbatch.config.json", '{"timeout": "0.0004m", "max_wait": "1h", "retry_delay": 0.5}');
  expect(await errorOf()).toMatchObject({ code: "timeout" });
});

it("statistics for a named pipe that nothing reads are left out: the run that was over waited for ever", async () => {
  const user = new Workplace();
  user.write("in.jsonl", questions(1));
  makePipe(user.path("pipe"));
  const { code, stderr } = await user.runHere(["run", "in.jsonl", "-p", "mock", "-q", "-o", "out.jsonl", "--stats", "pipe"]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^llmbatch: cannot write pipe: .*a pipe without a reader; it was left out\n$/);
  expect(user.lines("out.jsonl")).toHaveLength(1);
});

it.runIf(existsSync("/dev/full"))("an output that is whole is said to be so where its statistics cannot be written", async () => {
  const user = new Workplace();
  user.write("in.jsonl", questions(2));
  const { code, stderr } = await user.runHere(["run", "in.jsonl", "-p", "mock", "-o", "out.jsonl", "--stats", "/dev/full"]);
  expect(code).toBe(3);
  expect(user.lines("out.jsonl")).toHaveLength(2);
  expect(stderr).toMatch(/^ {2}output +out\.jsonl$/m);
  expect(stderr).not.toMatch(/^ {2}stats/m);
  expect(stderr.match(/cannot write \/dev\/full: the disk is full/g)).toHaveLength(1);
});
