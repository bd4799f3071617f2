import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { TerminalScreen } from "./screen.ts";

const hasPseudoTerminal = spawnSync("script", ["-qec", "stty cols 80", "/dev/null"], { stdio: "ignore" }).status === 0;

describe.skipIf(!hasPseudoTerminal)("the bar on a real pseudo-terminal", () => {
  it("shows itself and leaves nothing behind when it is stopped", async () => {
    const screen = await runOnTerminal(
      80,
      `await drawn(1); progress.log("careful"); await drawn(3); progress.stop(); say("done");`,
    );
    expect(screen.written).toMatch(/ \[.*50 % {2}1\/2/);
    expect(screen.rows).toEqual(["careful", "done"]);
    expectNoModeChange(screen);
  });

  it("does not keep the process alive, and is taken off by an exit handler", async () => {
    const screen = await runOnTerminal(80, `process.on("exit", () => { progress.restore(); say("gone"); });`);
    expect(screen.written).toMatch(/ \[.*50 % {2}1\/2/);
    expect(screen.rows).toEqual(["gone"]);
  });

  it("leaves wrapping and cursor alone, so that even kill -9 harms no terminal", async () => {
    const screen = await runOnTerminal(80, `await drawn(2); process.kill(process.pid, "SIGKILL");`);
    expect(screen.written).toMatch(/ \[.*50 % {2}1\/2/);
    expectNoModeChange(screen);
  });

  it("follows the width of the window", async () => {
    const narrow = await runOnTerminal(
      100,
      `await drawn(1); resize(30); await until(() => frame.length < 30); say("narrow"); await drawn(2); say("wider"); resize(100);`,
    );
    const [wide = "", after = ""] = narrow.written.split(/narrow|wider/);
    expect(longestLine(wide)).toBeGreaterThan(90);
    expect(longestLine(after)).toBeLessThan(30);
    expect(after).toMatch(/50 % {2}1\/2/);
  });
});

/** Runs a bar over 1 of 2 lines, and what `script` says, in a process of its own on a terminal of its own. `drawn(n)` waits for n frames. */
async function runOnTerminal(columns: number, script: string): Promise<TerminalScreen> {
  const program = `
    import { execFileSync } from "node:child_process";
    import { setTimeout as pause } from "node:timers/promises";
    const { startProgress } = await import(${JSON.stringify(builtFile("progress/start-progress.js"))});
    const { TokenStats } = await import(${JSON.stringify(builtFile("stats/token-stats.js"))});
    const say = (line) => process.stderr.write(line + "\\n");
    const resize = (width) => execFileSync("stty", ["cols", String(width)], { stdio: "inherit" });
    const until = async (condition) => { while (!condition()) await pause(5); };
    let [frame, frames] = ["", 0];
    const drawn = (count, from = frames) => until(() => frames >= from + count);
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = (text) => {
      if (text.includes("%")) [frame, frames] = [text, frames + 1];
      return write(text);
    };
    const stats = new TokenStats();
    stats.observe({ type: "request-end", result: { status: "failed", failure: { kind: "timeout" } } });
    const limiterStatus = () => ({ inFlight: 1, waiting: 0, blockedBy: "concurrency", pauseMs: 0 });
    const progress = startProgress({ mode: "auto", stream: process.stderr, stats, limiterStatus, total: 2 });
    ${script}
  `;
  const command = `stty cols ${columns}; exec "$NODE" --input-type=module --eval "$PROGRAM"`;
  const environment = { ...process.env, NODE: process.execPath, PROGRAM: program };
  const screen = new TerminalScreen(columns);
  const written = await new Promise<string>((resolve) => {
    execFile("script", ["-qec", command, "/dev/null"], { env: environment, timeout: 20_000 }, (_, stdout) => resolve(stdout));
  });
  screen.write(written);
  return screen;
}

function builtFile(path: string): string {
  return pathToFileURL(join(import.meta.dirname, "..", "..", "build", path)).href;
}

function expectNoModeChange(screen: TerminalScreen): void {
  for (const modeChange of ["\u001b[?", "\u001b7", "\u001b8"]) expect(screen.written).not.toContain(modeChange);
}

function longestLine(written: string): number {
  return Math.max(...written.split(/[\r\n]+/).map((line) => line.replaceAll(/\p{Cc}\[2?[JK]/gu, "").length));
}
