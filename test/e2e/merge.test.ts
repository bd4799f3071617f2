import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { questions, Workplace } from "./cli.ts";

const good = (id: string, text = "ok"): string =>
  `{"id":"batch_req_1","custom_id":"${id}","response":{"status_code":200,"request_id":"","body":{"n":1.0,"text":"${text}"}},"error":null}`;
const bad = (id: string): string =>
  `{"id":"batch_req_2","custom_id":"${id}","response":null,"error":{"code":"timeout","message":"","attempts":6}}`;

function lines(...texts: string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}

function userWith(files: Readonly<Record<string, string>>): Workplace {
  const user = new Workplace();
  for (const [name, content] of Object.entries(files)) user.write(name, content);
  return user;
}

function time(start: string, seconds: number): object {
  return { start_time: `2026-01-01T00:00:${start}.000Z`, elapsed_seconds: seconds };
}

describe("merge", () => {
  it("without --order results come as in the first file, then what only the next ones have", async () => {
    const user = userWith({ a: lines(good("3"), good("1")), b: lines(good("2"), good("1", "later"), good("0")) });
    const { code, stderr } = await user.runHere(["merge", "a", "b", "-o", "out"]);
    expect(code).toBe(0);
    expect(user.read("out")).toBe(lines(good("3"), good("1"), good("2"), good("0")));
    expect(stderr).toBe(
      "llmbatch: merged 4 results\n" +
        "llmbatch: left out 1 result of a custom_id that has another; the first that succeeded stays: 1\n",
    );
    expect(existsSync(user.path("out.partial"))).toBe(false);
  });

  it("the first that succeeded wins, whatever tells that it failed", async () => {
    const statusZero = '{"custom_id":"2","response":{"status_code":0,"request_id":"","body":{}},"error":null}';
    const expired = '{"custom_id":"3","result":{"type":"expired"}}';
    const anthropic = '{"custom_id":"3","result":{"type":"succeeded","message":{}}}';
    const first = lines(bad("1"), statusZero, expired, bad("4"));
    const user = userWith({ a: first, b: lines(good("1"), good("2"), anthropic, bad("4")), c: good("1", "third") });
    const { code, stdout } = await user.runHere(["merge", "a", "b", "c"]);
    expect([code, stdout]).toEqual([0, lines(good("1"), good("2"), anthropic, bad("4"))]);
  });

  it("says what is missing, and what is of no line, and ends with 1", async () => {
    const user = userWith({ a: lines(good("q-2"), good("x")), b: lines(good("request-4")) });
    user.write("in.jsonl", [...questions(3), "no id of its own"]);
    const { code, stderr } = await user.runHere(["merge", "a", "b", "--order", "in.jsonl", "-o", "out"]);
    expect(code).toBe(1);
    expect(user.read("out")).toBe(lines(good("q-2"), good("request-4")));
    expect(stderr).toBe(
      "llmbatch: merged 2 results\n" +
        "llmbatch: 2 of 4 lines of in.jsonl have no result: q-1, q-3\n" +
        "llmbatch: left out 1 result of no line of in.jsonl: x\n",
    );
  });

  it("names the first ten", async () => {
    const user = userWith({ a: lines(good("q-1")) });
    user.write("in.jsonl", questions(13));
    const { stderr } = await user.runHere(["merge", "a", "--order", "-"], user.read("in.jsonl"));
    expect(stderr).toContain(
      "12 of 13 lines of stdin have no result: q-2, q-3, q-4, q-5, q-6, q-7, q-8, q-9, q-10, q-11, … and 2 more\n",
    );
  });

  it("lines with one custom_id get a result each, the one that succeeded first", async () => {
    const user = userWith({ a: lines(bad("q-1"), good("q-2")), b: lines(good("q-1")) });
    user.write("in.jsonl", [...questions(2), ...questions(1)]);
    const { code, stdout } = await user.runHere(["merge", "a", "b", "--order", "in.jsonl"]);
    expect([code, stdout]).toEqual([0, lines(good("q-1"), good("q-2"), bad("q-1"))]);
  });

  it("copies lines as they are, of any length and with any line end", async () => {
    const long = good("long", "é".repeat(700_000));
    const user = userWith({ a: `\uFEFF${good("a")}\r\n\r\n${long}\n  ${good("b")}`, b: good("c") });
    const { stdout } = await user.runHere(["merge", "a", "b"]);
    expect(stdout).toBe(lines(good("a"), long, good("b"), good("c")));
  });

  it("finds results in any order, also of files far larger than what it reads at once", async () => {
    const count = 3_000;
    const results = Array.from({ length: count }, (_, n) => good(`${n}`, "x".repeat((n * 37) % 900)));
    const shuffled = results.toSorted((a, b) => (a.length % 97) - (b.length % 97));
    const user = userWith({ a: lines(...shuffled.slice(0, count / 2)), b: lines(...shuffled.slice(count / 2)) });
    user.write(
      "in.jsonl",
      Array.from({ length: count }, (_, n) => ({ custom_id: `${n}` })),
    );
    const { code, stdout } = await user.runHere(["merge", "a", "b", "--order", "in.jsonl"]);
    expect(code).toBe(0);
    expect(stdout === lines(...results)).toBe(true);
  });

  it.each([
    ["a line that is no JSON", lines(good("1"), '{"custom_id":"2"'), "a:2: no line of results: not JSON"],
    ["a line without a custom_id", lines("{}"), "a:1: no line of results: it has no `custom_id`"],
    ["requests", lines('{"custom_id":"1","body":{}}'), "a:1: no line of results: it has no `response`, `error` or `result`"],
    ["no results", "\n", "a hold no results: nothing was written"],
  ])("refuses %s, and leaves what there is", async (_, content, message) => {
    const user = userWith({ a: content, out: "old" });
    const { code, stderr } = await user.runHere(["merge", "a", "-o", "out"]);
    expect([code, user.read("out")]).toEqual([2, "old"]);
    expect(stderr).toContain(message);
  });

  it("refuses what it cannot read twice, and to overwrite what it reads", async () => {
    const user = userWith({ a: lines(good("1")) });
    mkdirSync(user.path("folder"));
    execFileSync("mkfifo", [user.path("pipe")]);
    for (const [name, message] of [
      ["folder", "cannot merge folder: it is a directory"],
      ["pipe", "cannot merge pipe: files of results are read twice, and it cannot be"],
      ["none", "cannot merge none: there is no such file or directory"],
    ] as const) {
      const { code, stderr } = await user.runHere(["merge", "a", name]);
      expect([code, stderr]).toEqual([2, `llmbatch: ${message}\n`]);
    }
    const onto = await user.runHere(["merge", "a", "-o", "a"]);
    expect([onto.code, user.read("a")]).toEqual([2, lines(good("1"))]);
    expect(onto.stderr).toContain("are the same file");
    expect((await user.runHere(["merge"])).code).toBe(2);
  });

  it("sums the statistics, unless those of a part are missing", async () => {
    const stats = { requests_total: 2, requests_completed: 2, requests_failed: 0, cache_hits: 1, total_tokens: 30 };
    const money = { priced_requests: 2, unpriced_requests: 0, cost_usd: 0.1 };
    const failures = { failures: {}, failure_messages: {} };
    const messages = { failures: { timeout: 2 }, failure_messages: { timeout: { message: "m", line_number: 7 } } };
    const user = userWith({
      a: lines(good("1"), good("2")),
      b: lines(bad("3"), bad("4")),
      "a.stats.json": JSON.stringify({
        ...stats,
        ...money,
        ...time("10", 10),
        ...failures,
        by_model: { m: { ...stats, ...money } },
      }),
      "b.stats.json": JSON.stringify({
        ...stats,
        ...money,
        ...time("15", 15),
        ...messages,
        requests_completed: 0,
        requests_failed: 2,
        cost_usd: 0.2,
        cost_saved_usd: null,
        latency_ms: { p50: 1 },
        request_saturation: 0.5,
        by_model: { m: { ...stats, ...money }, n: { ...stats, priced_requests: 0, unpriced_requests: 3, cost_usd: null } },
      }),
    });
    expect((await user.runHere(["merge", "a", "b", "-o", "out"])).code).toBe(0);
    expect(JSON.parse(user.read("out.stats.json"))).toMatchObject({
      requests_total: 4,
      requests_completed: 2,
      requests_failed: 2,
      cache_hits: 2,
      cache_hit_ratio: 0.5,
      total_tokens: 60,
      cost_usd: 0.3,
      cost_saved_usd: null,
      cost_by_model: { m: 0.2, n: null },
      latency_ms: null,
      request_saturation: 0.5,
      ...messages,
      ...time("10", 20),
      requests_per_second: 0.2,
      tokens_per_second: 3,
    });
    const { stderr } = await user.runHere(["merge", "a", "b", "out", "-o", "again"]);
    expect(stderr).not.toContain("statistics");
    user.write("c", good("5"));
    user.write("less.stats.json", "of other results");
    const lacking = await user.runHere(["merge", "a", "b", "c", "-o", "less"]);
    expect(lacking.stderr).toContain("less.stats.json was not written: there is no c.stats.json");
    expect(existsSync(user.path("less.stats.json"))).toBe(false);
  });

  it("writes nothing where statistics cannot be read", async () => {
    const user = userWith({ a: lines(good("1")), out: "older" });
    mkdirSync(user.path("a.stats.json"));
    const { code, stderr } = await user.runHere(["merge", "a", "-o", "out"]);
    expect([code, user.read("out")]).toEqual([2, "older"]);
    expect(stderr).toContain("cannot read a.stats.json");
  });
});
