import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer, type ScriptedServer, streamed } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

const price = { input: 100_000, output: 1_000_000 };
/** Ten tokens in, five out. */
const usdOfOne = 6;

const run = ["run", "in.jsonl", "-o", "out.jsonl", "--retry-delay", "0.001"];

function at({ url }: ScriptedServer): string[] {
  return ["--base-url", `${url}/v1`];
}

function userWith(lines: readonly unknown[]): Workplace {
  const user = new Workplace();
  user.write("in.jsonl", lines);
  user.write("prices.json", JSON.stringify({ "test-model": price }));
  return user;
}

describe("what a run cost", () => {
  it("stands in statistics, summary, log and annotated lines; then the cache saves it", async () => {
    const server = await serve(({ body }) => (body.includes("Question 3") ? errorAnswer(400) : chatAnswer()));
    const user = userWith(questions(3));
    const priced = [...run, ...at(server), "--prices", "prices.json", "--annotate"];
    const first = await user.runHere([...priced, "--log", "log.jsonl"]);
    expect(first.stderr).toMatch(/\n {2}cost {8}\$ 12\.00\n/);
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({
      cost_usd: 2 * usdOfOne,
      cost_by_model: { "test-model": 2 * usdOfOne },
      cost_by_provider: { openai: 2 * usdOfOne },
      priced_requests: 2,
      unpriced_requests: 0,
      cost_saved_usd: 0,
      prices_date: null,
    });
    expect(user.read("out.jsonl").match(/"cost_usd":\d+/g)).toEqual(['"cost_usd":6', '"cost_usd":6', '"cost_usd":0']);
    expect(user.read("log.jsonl").match(/"event":"attempt-end".*"cost_usd":6/g)).toHaveLength(2);

    const second = await user.runHere(priced);
    expect(second.stderr).toMatch(/\n {2}cost {8}\$ 0\.00 {2}\(\$ 12\.00 saved by the cache\)\n/);
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({ cost_usd: 0, cost_saved_usd: 2 * usdOfOne });
  });

  it("is of answers that broke off, too, where they were billed", async () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    const torn = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "H" } }], usage })}\n\n`;
    const server = await serve(({ index }) => (index === 0 ? streamed(torn) : chatAnswer()));
    const user = userWith(questions(1));
    const { code, stderr } = await user.runHere([...run, ...at(server), "--prices", "prices.json", "--stream"]);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({
      cost_usd: 2 * usdOfOne,
      priced_requests: 2,
      attempts: 2,
    });
  });

  it("is not known of a server of one's own, whatever preset it goes by", async () => {
    const server = await serve(() => chatAnswer());
    const user = userWith(questions(2, { model: "gpt-5.4-mini" }));
    const { stderr } = await user.runHere([...run, "-p", "openai", ...at(server)]);
    expect(stderr).toMatch(/\n {2}cost {8}\?\n {14}no price for 2 requests: gpt-5\.4-mini\n/);
    const stats = JSON.parse(user.read("out.jsonl.stats.json"));
    expect(stats).toMatchObject({ cost_usd: null, priced_requests: 0, unpriced_requests: 2 });
    expect(stats.cost_by_model).toEqual({ "gpt-5.4-mini": null });
  });

  it("is what the server reports, wherever it is", async () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cost: 0.0125 };
    const server = await serve(() => chatAnswer("Hi", { usage }));
    const user = userWith(questions(2));
    const { stderr } = await user.runHere([...run, ...at(server)]);
    expect(stderr).toMatch(/\n {2}cost {8}\$ 0\.025 {2}\(as reported by the provider\)\n/);
  });
});

describe("--prices", () => {
  it.each([
    [["--prices", "nowhere.json"], /--prices: cannot read nowhere\.json/],
    [["--prices", "wrong.json"], /--prices: wrong\.json: "m"\."output": expected dollars/],
  ])("%j ends with code 2 before anything is sent", async (flags, message) => {
    const server = await serve();
    const user = userWith(questions(1));
    user.write("wrong.json", '{"m":{"input":1}}');
    const { code, stderr } = await user.runHere([...run, ...at(server), ...flags]);
    expect(stderr).toMatch(message);
    expect([code, server.ledger.length]).toEqual([2, 0]);
  });
});

describe("list prices, 0.8 MB of JavaScript,", () => {
  it.each([
    ["are not loaded for the mock", ["-p", "mock"], false],
    ["are loaded for a vendor", ["-p", "openai"], true],
  ])("%s", async (_, flags, isLoaded) => {
    const user = new Workplace();
    user.write("in.jsonl", isLoaded ? "no request" : questions(1)); // what is no request is found once all is opened
    const coverage = user.path("coverage");
    mkdirSync(coverage);
    user.environment["NODE_V8_COVERAGE"] = coverage; // lists what a process has loaded
    const { code, stderr } = await user.run(["run", "in.jsonl", ...flags]);
    expect(code, stderr).toBe(isLoaded ? 2 : 0);
    const loaded = readdirSync(coverage).map((name) => readFileSync(join(coverage, name), "utf8"));
    expect(loaded.join()).toContain("/dist/chunks/run.js");
    expect(loaded.join().includes("genai-prices/dist/")).toBe(isLoaded);
  });
});
