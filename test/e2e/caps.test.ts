import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, type Script } from "../support/scripted-server.ts";
import { type OutputLine, questions, Workplace } from "./cli.ts";

const maxTokens = 500;
/** Of a line: its bytes, a hundred more, and its answer. */
const worst = Buffer.byteLength(JSON.stringify(questions(1, { max_tokens: maxTokens })[0]?.body)) + 100 + maxTokens;

/** An answer takes 200 tokens. */
const taking: Script = () => chatAnswer("yes", { usage: { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 } });

async function serveTo(user: Workplace): Promise<{ args: string[]; sent: () => number }> {
  const server = await serve(taking);
  user.write("in.jsonl", questions(9, { max_tokens: maxTokens }));
  const args = ["run", "in.jsonl", "-o", "out.jsonl", "--base-url", `${server.url}/v1`, "-c", "1"];
  return { args, sent: () => server.ledger.length };
}

function codes(lines: readonly OutputLine[]): (string | undefined)[] {
  return lines.map(({ error }) => error?.code);
}

describe("--max-tokens-total", () => {
  it("stops before it could be exceeded, says what is left, and the same command goes on", async () => {
    const user = new Workplace();
    const { args, sent } = await serveTo(user);
    const capped = [...args, "--max-tokens-total", String(worst + 3 * 200)];
    const first = await user.runHere(capped);
    expect(first.code).toBe(3);
    expect(sent()).toBe(4);
    expect(first.stderr).toMatch(
      /stopped early: the budget is used up: 800 of 1,\d{3} tokens are used, and the next request could take \d{3} tokens$/m,
    );
    expect(first.stderr).toMatch("5 lines are left; at the mean of the 4 that were answered, they would take 1,000 tokens");
    expect(first.stderr).toMatch("4 answers are safe in the cache; run the same command again to go on from there");
    expect(codes(user.lines("out.jsonl.partial")).filter((code) => code === undefined)).toHaveLength(4);

    expect((await user.runHere(capped)).code).toBe(3);
    expect((await user.runHere(capped)).code).toBe(0);
    expect(sent()).toBe(9);
    expect(codes(user.lines("out.jsonl"))).toEqual(Array(9).fill(undefined));
  });

  it("lets a line fail by itself that alone could exceed it", async () => {
    const user = new Workplace();
    const { args } = await serveTo(user);
    user.write("in.jsonl", [...questions(1, { max_tokens: 90_000 }), ...questions(2, { max_tokens: maxTokens }).slice(1)]);
    expect((await user.runHere([...args, "--max-tokens-total", "5000"])).code).toBe(1);
    expect(codes(user.lines("out.jsonl"))).toEqual(["budget_exceeded", undefined]);
  });

  it("refuses a file with lines that nothing bounds, before anything is sent, also where it was checked before", async () => {
    const user = new Workplace();
    const { args, sent } = await serveTo(user);
    user.write("in.jsonl", [...questions(1, { max_tokens: maxTokens }), ...questions(3).slice(1)]);
    expect((await user.runHere([...args, "--head", "1"])).code).toBe(0);
    const { code, stderr } = await user.runHere([...args, "--max-tokens-total", "5000"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /in\.jsonl:2: nothing bounds the answer of "test-model" \(.+\): set max_tokens in the body, or in all with --set, or context_windows/,
    );
    expect(stderr).toMatch("2 of 3 lines cannot be sent; nothing was sent");
    expect(sent()).toBe(1);
    expect((await user.runHere([...args, "--max-tokens-total", "5000", "--set", "max_tokens=10"])).code).toBe(0);
  });

  it("lets them fail by themselves where the lines come from a pipe, or --skip-invalid says so", async () => {
    const user = new Workplace();
    const { args } = await serveTo(user);
    const lines = [...questions(1, { max_tokens: maxTokens }), ...questions(2).slice(1)];
    const piped = args.map((arg) => (arg === "in.jsonl" ? "-" : arg));
    const input = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    expect((await user.runHere([...piped, "--max-tokens-total", "5000"], input)).code).toBe(1);
    expect(codes(user.lines("out.jsonl"))).toEqual([undefined, "budget_exceeded"]);
    user.write("in.jsonl", lines);
    expect((await user.runHere([...args, "--max-tokens-total", "5000", "--skip-invalid"])).code).toBe(1);
    expect(codes(user.lines("out.jsonl"))).toEqual([undefined, "budget_exceeded"]);
  });
});

describe("--max-cost", () => {
  it("refuses a model without a price, before anything is sent", async () => {
    const user = new Workplace();
    const { args, sent } = await serveTo(user);
    const { code, stderr } = await user.runHere([...args, "--max-cost", "5"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /in\.jsonl:1: the price of "test-model" \(.+\) is not known, so nothing bounds its cost: give it with --prices/,
    );
    expect(sent()).toBe(0);
  });

  it("stops before it could be exceeded, by prices of the user's own", async () => {
    const user = new Workplace();
    const { args, sent } = await serveTo(user);
    user.write("prices.json", JSON.stringify({ "test-model": { input: 1, output: 1 } }));
    const cap = String((worst + 3 * 200) / 1e6);
    const { code, stderr } = await user.runHere([...args, "--max-cost", cap, "--prices", "prices.json"]);
    expect(code).toBe(3);
    expect(sent()).toBe(4);
    expect(stderr).toMatch(
      /the budget is used up: \$ 0\.00080 of \$ 0\.001\d is spent, and the next request could cost \$ 0\.000/,
    );
    expect(stderr).toMatch("5 lines are left; at the mean of the 4 that were answered, they would cost $ 0.0010");
  });
});
