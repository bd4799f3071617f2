import { appendFileSync, existsSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

/** A user with the results of an earlier run. */
function userWithResults(): Workplace {
  const user = new Workplace();
  user.write("out.jsonl", "older results");
  user.write("out.jsonl.stats.json", "older statistics");
  return user;
}

describe("an input without requests", () => {
  it.each([
    ["an empty file", ""],
    ["a file of blank lines", "\n \r\n\n"],
    ["a byte order mark", "\uFEFF\n"],
  ])("replaces no results: %s, or a pipe whose producer failed", async (_, content) => {
    const user = userWithResults();
    user.write("in.jsonl", content);
    for (const input of ["in.jsonl", "-"]) {
      const { code, stderr } = await user.runHere(["run", input, "-p", "mock", "-o", "out.jsonl"], content);
      expect(code).toBe(2);
      expect(stderr).toContain(`${input === "-" ? "stdin" : input} holds no requests`);
      expect(user.read("out.jsonl")).toBe("older results");
      expect(user.read("out.jsonl.stats.json")).toBe("older statistics");
      expect(existsSync(user.path("out.jsonl.partial"))).toBe(false);
    }
  });

  it("is not valid", async () => {
    const { code, stderr } = await new Workplace().runHere(["validate", "-"], "");
    expect(code).toBe(2);
    expect(stderr).toContain("stdin holds no requests");
  });
});

describe("a file that changes while its requests are sent", () => {
  const lines = questions(2_500).map((line) => `${JSON.stringify(line)}\n`);

  it.each<[string, (path: string) => void]>([
    ["shrinks", (path) => truncateSync(path, 300_000)],
    ["is emptied", (path) => truncateSync(path)],
    ["grows", (path) => appendFileSync(path, lines[0] ?? "")],
    ["is written anew", (path) => writeFileSync(path, lines.toReversed().join(""))],
  ])("stops the run if it %s, instead of giving results for a part of it", async (_, change) => {
    const user = userWithResults();
    const server = await serve((call) => {
      if (call.index === 5) change(user.path("in.jsonl"));
      return chatAnswer();
    });
    user.write("in.jsonl", lines.join(""));
    const args = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "-c", "4", "--cache", "memory", "-q"];
    const { code, stderr } = await user.runHere(args);
    expect(code, stderr).toBe(3);
    expect(stderr).toContain("cannot read in.jsonl any further: it has changed since it was opened; run the same command again");
    expect(user.read("out.jsonl")).toBe("older results");
    expect(user.read("out.jsonl.stats.json")).toBe("older statistics");
    expect(user.lines("out.jsonl.partial").length).toBeGreaterThan(5);
  });
});

describe("a run that is stopped", () => {
  it("leaves the statistics of the finished output alone, and the next one that ends well takes its own away", async () => {
    let isKeyRefused = false;
    const server = await serve(() => (isKeyRefused ? errorAnswer(401) : chatAnswer()));
    const user = new Workplace();
    user.write("in.jsonl", questions(3));
    const args = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "--refresh"];
    expect((await user.runHere(args)).code).toBe(0);
    const finished = user.read("out.jsonl.stats.json");

    isKeyRefused = true;
    const stopped = await user.runHere(args);
    expect(stopped.code).toBe(3);
    expect(stopped.stderr).toContain("out.jsonl.stats.json.partial");
    expect(user.read("out.jsonl.stats.json")).toBe(finished);
    expect(JSON.parse(user.read("out.jsonl.stats.json.partial"))).toMatchObject({ requests_completed: 0 });

    isKeyRefused = false;
    expect((await user.runHere(args)).code).toBe(0);
    expect(existsSync(user.path("out.jsonl.stats.json.partial"))).toBe(false);
  });

  it("because its cache was deleted meanwhile says so, and loses no answer that was paid", async () => {
    const user = userWithResults();
    const server = await serve((call) => {
      if (call.index === 3) rmSync(user.path("cache"), { recursive: true });
      return chatAnswer(`answer ${call.index}`);
    });
    user.write("in.jsonl", questions(10));
    const args = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "-c", "2"];
    const stopped = await user.runHere(args);
    expect(stopped.code).toBe(3);
    expect(stopped.stderr).toMatch(/The cache .*cache\.sqlite was deleted or replaced while it was in use/);
    expect(user.read("out.jsonl")).toBe("older results");
    expect(server.ledger.length).toBeLessThan(10);

    expect((await user.runHere(args)).code).toBe(0);
    expect(server.ledger).toHaveLength(10);
    expect(user.lines("out.jsonl")).toHaveLength(10);
  });
});
