import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { mock } from "../support/closing.ts";
import { parseLines, questions, Workplace } from "./cli.ts";

describe("600 lines against a provider that fails 5 % of the time", () => {
  it("all come out in order, the statistics are the server's own, and the second run asks nothing", async () => {
    const server = await mock({ failRate: 0.05 });
    const user = new Workplace();
    const lines = 600;
    user.write("in.jsonl", questions(lines));
    const args = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "--retry-delay", "0.01"];

    const first = await user.run(args);
    expect(first.code, first.stderr).toBe(0);
    expect(user.lines("out.jsonl").map(({ custom_id }) => custom_id)).toEqual(
      Array.from({ length: lines }, (_, n) => `q-${n + 1}`),
    );
    expect(user.lines("out.jsonl").filter(({ error, response }) => error !== null || response?.status_code !== 200)).toEqual([]);
    const seen = server.stats();
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({
      requests_total: lines,
      requests_completed: lines,
      requests_failed: 0,
      attempts: seen.requestsTotal,
      retries: seen.failedOnPurpose,
      prompt_tokens: seen.promptTokens,
      completion_tokens: seen.completionTokens,
      total_tokens: seen.totalTokens,
    });
    expect(seen.failedOnPurpose).toBeGreaterThan(lines * 0.04);

    const before = user.read("out.jsonl");
    const second = await user.runHere(args);
    expect(second.code).toBe(0);
    expect(server.stats().requestsTotal, "requests at the server").toBe(seen.requestsTotal);
    expect(user.read("out.jsonl") === before, "the output is byte for byte the same").toBe(true);
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({
      cache_hits: lines,
      total_tokens: 0,
      from_cache: { total_tokens: seen.totalTokens },
    });
  });
});

describe("in a pipe", () => {
  it("stdout carries data only", async () => {
    const user = new Workplace();
    const input = questions(5)
      .map((line) => JSON.stringify(line))
      .join("\n");
    const { code, stdout, stderr } = await user.runHere(["run", "-", "--provider", "mock"], input);
    expect(code).toBe(0);
    expect(parseLines(stdout).map(({ custom_id }) => custom_id)).toEqual(["q-1", "q-2", "q-3", "q-4", "q-5"]);
    expect(stderr).toContain("answered");
  });

  it("without an argument stdin is read", async () => {
    const { code, stdout } = await new Workplace().runHere(["run", "--provider", "mock", "-m", "any"], '"Hello"');
    expect(code).toBe(0);
    expect(parseLines(stdout)).toHaveLength(1);
  });

  it("`| head -1` ends it quietly", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(500)); // their results are several times what a pipe holds
    const child = user.start(["run", "in.jsonl", "--provider", "mock", "-q"], { stdio: ["ignore", "pipe", "pipe"] });
    const head = spawn("head", ["-1"], { stdio: [child.stdout ?? "ignore", "pipe", "inherit"] });
    child.stdout?.destroy();
    const ended: Promise<unknown[]> = once(child, "exit");
    const [first, complaints] = await Promise.all([text(head.stdout ?? []), child.stderr === null ? "" : text(child.stderr)]);
    const [code] = await ended;
    expect(parseLines(first)).toHaveLength(1);
    expect(complaints).toBe("");
    expect(code).toBe(0);
  });
});

describe("a file with bad lines", () => {
  const lines = `${JSON.stringify(questions(1)[0])}\n{"broken\n\n${JSON.stringify({ custom_id: "q-1", body: { model: "m", messages: [] } })}\n[1]\n`;

  it("is refused whole, with the place of each problem; nothing is sent and the older output stays", async () => {
    const server = await mock();
    const user = new Workplace();
    user.write("in.jsonl", lines);
    user.write("out.jsonl", "older");
    const { code, stderr, stdout } = await user.runHere(["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/in\.jsonl:2: .*JSON/);
    expect(stderr).toMatch(/in\.jsonl:4: .*q-1/);
    expect(stderr).toMatch(/in\.jsonl:5: /);
    expect(stderr).toContain("3 of 4 lines");
    expect(stdout).toBe("");
    expect(user.read("out.jsonl")).toBe("older");
    expect(server.stats().requestsTotal).toBe(0);
  });

  it("with --skip-invalid each failure stands in its place", async () => {
    const server = await mock();
    const user = new Workplace();
    user.write("in.jsonl", lines);
    const { code } = await user.runHere(["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "--skip-invalid"]);
    expect(code).toBe(1);
    expect(user.lines("out.jsonl").map(({ custom_id, error }) => [custom_id, error?.code ?? "ok"])).toEqual([
      ["q-1", "ok"],
      ["request-2", "invalid_line"],
      ["q-1", "duplicate_custom_id"],
      ["request-5", "invalid_line"],
    ]);
  });

  it("from stdin they are failures in their places too", async () => {
    const { code, stdout } = await new Workplace().runHere(["run", "-", "--provider", "mock"], lines);
    expect(code).toBe(1);
    expect(parseLines(stdout).map(({ error }) => error?.code ?? "ok")).toEqual([
      "ok",
      "invalid_line",
      "duplicate_custom_id",
      "invalid_line",
    ]);
  });

  it("`validate` says the same, offline", async () => {
    const user = new Workplace();
    user.write("in.jsonl", lines);
    const { code, stderr, stdout } = await user.runHere(["validate", "in.jsonl"]);
    expect(code).toBe(2);
    expect(stderr).toContain("in.jsonl:2: ");
    expect(stdout).toContain("4 lines: 1 valid, 3 invalid");
  });
});
