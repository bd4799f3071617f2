import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { runMockCommand } from "../../src/cli/commands/mock.ts";
import { ConfigurationError } from "../../src/model/errors.ts";
import { mock } from "../support/closing.ts";
import { askChat, chatBody, readStats } from "./ask.ts";

const command = join(import.meta.dirname, "..", "..", "build", "cli", "commands", "mock.js");
const launcher = join(import.meta.dirname, "..", "..", "bin", "llmbatch.js");

/** A child that is gone when the test is over. */
function dying<Child extends ChildProcess>(child: Child): Child {
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** A process that runs the command, once it says where it listens. */
async function startCommand(options: object) {
  const script = `const { runMockCommand } = await import(${JSON.stringify(command)});
    await runMockCommand(${JSON.stringify(options)});`;
  const child = dying(spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "pipe"] }));
  const allOutput = Promise.all([readText(child.stdout), readText(child.stderr), once(child, "exit")]);
  const [first] = await once(child.stderr, "data");
  const [url] = /http:\/\/127\.0\.0\.1:\d+\/v1/.exec(String(first)) ?? [""];
  const stop = async (signal: NodeJS.Signals): Promise<{ stdout: string; lines: string[]; exitCode: unknown }> => {
    child.kill(signal);
    const [stdout, stderr, [exitCode]] = await allOutput;
    return { stdout, lines: stderr.trimEnd().split("\n"), exitCode };
  };
  return { url, stop };
}

describe("llmbatch mock", () => {
  it("says on stderr where it listens and how to try it, and sums up when it is stopped", async () => {
    const { url, stop } = await startCommand({ latencyMs: 0, requestsPerMinute: 60, failRate: 0 });
    for (const body of [chatBody("Hi"), chatBody("Hi"), "{"]) await askChat(url, body);
    const { stdout, lines, exitCode } = await stop("SIGINT");
    expect(exitCode).toBe(0);
    expect(stdout).toBe("");
    expect(lines).toEqual([
      `llmbatch mock listening on ${url} (60 requests/min); Ctrl-C stops it`,
      `Try: echo '"Say hello"' | llmbatch run --base-url ${url} --model mock-chat`,
      expect.stringMatching(
        /^llmbatch mock stopped: 3 requests, 1 answered \(0 asked before, \d+ tokens\), 1 throttled by rate limits, 1 mistaken$/,
      ),
    ]);
  });

  it("takes whose rules to keep, how much to tell and when to be down from its flags", async () => {
    const flags = "--port 0 --rules anthropic --rpm 1 --itpm 60000 --otpm 6000 --no-limit-headers --retry-after none";
    const more = "--max-in-flight 5 --outage 500000,100,503";
    const args = [launcher, "mock", ...`${flags} ${more}`.split(" ")];
    const child = dying(spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] }));
    const [first] = await once(child.stderr, "data");
    const [, url = "", described] = /(http:\S+) \((.+)\); Ctrl-C/.exec(String(first)) ?? [];
    const limits = "1 requests/min, 60000 input tokens/min, 6000 output tokens/min, 5 at once";
    expect(described).toBe(`${limits}, by the rules of "anthropic", an outage at 500000 ms for 100 ms`);
    await askChat(url, chatBody("Hi"));
    const refused = await askChat(url, chatBody("Hi"));
    expect(JSON.parse(refused.text)).toMatchObject({ error: { type: "rate_limit_error" } });
    expect([...refused.headers.keys()].filter((name) => /ratelimit|retry/.test(name))).toEqual([]);
  });

  it("stops at once on SIGTERM, though answers are hours away", async () => {
    const { url, stop } = await startCommand({ latencyMs: 3_600_000 });
    const cut = askChat(url, chatBody("Hi")).catch(({ message }: Error) => message);
    while ((await readStats(url))["in_flight"] !== 1);
    const { lines, exitCode } = await stop("SIGTERM");
    expect(exitCode).toBe(0);
    expect(await cut).toBe("fetch failed");
    expect(lines.at(-1)).toMatch(/^llmbatch mock stopped: 1 request, 0 answered .+, 1 abandoned by the client$/);
  });

  it("says which port is taken and leaves no signal handler behind", async () => {
    const { port } = await mock();
    const handlers = process.listenerCount("SIGINT");
    await expect(runMockCommand({ port })).rejects.toThrow(ConfigurationError);
    expect(process.listenerCount("SIGINT")).toBe(handlers);
  });
});
