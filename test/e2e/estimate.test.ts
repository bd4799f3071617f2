import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer } from "../support/scripted-server.ts";
import { configure } from "./configure.ts";
import { questions, Workplace } from "./cli.ts";

const usage = { prompt_tokens: 20, completion_tokens: 30, total_tokens: 50 };
const members = ["requests", "cached", "to_send", "input_tokens", "output_tokens", "cost_usd", "seconds", "bound_by"];

interface Printed {
  readonly requests: number;
  readonly cached: number;
  readonly to_send: number;
  readonly input_tokens: number;
  readonly output_tokens: { low: number; expected: number; high: number };
  readonly cost_usd: { low: number; expected: number; high: number } | null;
  readonly seconds: { low: number; expected: number; high: number } | null;
  readonly bound_by: string | null;
}

/** A user with a file of questions and prices. */
function userWith(lines: readonly unknown[], prices: object = { "test-model": { input: 2, output: 10 } }): Workplace {
  const user = new Workplace();
  configure(user, { prices });
  user.write("in.jsonl", lines);
  return user;
}

async function estimate(user: Workplace, ...args: string[]): Promise<Printed> {
  const { code, stdout, stderr } = await user.runHere(["estimate", "in.jsonl", "--json", ...args]);
  if (code !== 0) throw new Error(stderr);
  const printed: Printed = JSON.parse(stdout);
  expect(Object.keys(printed)).toEqual(members);
  return printed;
}

test("what the cache holds is not priced, and tells what the others will take", async () => {
  const server = await serve(() => chatAnswer("Hello!", { usage }));
  const user = userWith(questions(100));
  const address = ["--base-url", `${server.url}/v1`];
  const before = await estimate(user, ...address);
  expect(before).toMatchObject({ requests: 100, cached: 0, to_send: 100 });

  await user.runHere(["run", "in.jsonl", ...address, "--head", "40", "-q", "-o", "out.jsonl"]);
  expect(server.ledger.length).toBe(40);
  const after = await estimate(user, ...address);
  expect(after).toMatchObject({ requests: 100, cached: 40, to_send: 60, input_tokens: 60 * 20 });
  expect(after.output_tokens).toEqual({ low: 1800, expected: 1800, high: 1800 });
  expect(after.cost_usd?.expected).toBeCloseTo((60 * (20 * 2 + 30 * 10)) / 1e6, 9);
  expect(after.cost_usd?.low).toBeLessThan(after.cost_usd?.expected ?? 0);
  expect(server.ledger.length).toBe(40);

  expect(await estimate(user, ...address, "--refresh")).toMatchObject({ cached: 0, to_send: 100 });
  expect(await estimate(user, ...address, "--cache", "none")).toMatchObject({ cached: 0, to_send: 100 });
  expect(await estimate(user, ...address, "--head", "50")).toMatchObject({ requests: 50, cached: 40, to_send: 10 });
});

test("a price that is not known is null, and a question mark that names the model", async () => {
  const [first, ...others] = questions(4);
  const user = userWith([{ ...first, body: { ...first?.body, model: "dear" } }, ...others]);
  expect((await estimate(user, "-p", "mock")).cost_usd).toBeNull();
  const { stdout } = await user.runHere(["estimate", "in.jsonl", "-p", "mock"]);
  expect(stdout).toMatch(/^ +cost +\? \(no price is known for dear\)$/m);
  expect(stdout).toMatch(/^ +requests +4$/m);
});

test.each([
  ["rpm", ["--rpm", "60"], 99, 110],
  ["tpm", ["--tpm", "6000", "--set", "max_tokens=100"], 60, 135],
  ["concurrency", ["--rpm", "100000", "-c", "1"], 50, 1000],
  ["10 requests/10min", ["--limit", "requests=50/1m", "--limit", "requests=10/10m"], 5400, 5800],
])("the time is bound by %s", async (name, args, least, most) => {
  const user = userWith(questions(100));
  const { seconds, bound_by } = await estimate(user, "-p", "mock", ...args);
  expect(bound_by).toBe(name);
  expect(seconds?.expected).toBeGreaterThanOrEqual(least);
  expect(seconds?.expected).toBeLessThanOrEqual(most);
});

test("what all requests allow their answers is never exceeded", async () => {
  const user = userWith(questions(10, { max_tokens: 7 }));
  expect((await estimate(user, "-p", "mock")).output_tokens).toEqual({ low: 70, expected: 70, high: 70 });
});

test("embeddings answer with no tokens", async () => {
  const user = userWith([{ url: "/v1/embeddings", body: { model: "test-model", input: "Hello" } }]);
  expect((await estimate(user, "-p", "mock")).output_tokens).toEqual({ low: 0, expected: 0, high: 0 });
});

test("with --dedupe identical requests are sent once", async () => {
  const [question] = questions(1);
  const same = Array.from({ length: 5 }, () => ({ body: question?.body }));
  expect(await estimate(userWith(same), "-p", "mock", "--dedupe")).toMatchObject({ requests: 5, cached: 4, to_send: 1 });
  expect(await estimate(userWith(same), "-p", "mock")).toMatchObject({ requests: 5, cached: 0, to_send: 5 });
});

test("tokens of known vocabularies are counted unless a fast estimate is wanted", async () => {
  const body = { model: "gpt-4o", messages: [{ role: "user", content: "antidisestablishmentarianism ".repeat(40) }] };
  const user = userWith([{ body }]);
  const { input_tokens: counted } = await estimate(user, "-p", "mock");
  expect((await estimate(user, "-p", "mock", "--count", "exact")).input_tokens).toBe(counted);
  expect((await estimate(user, "-p", "mock", "--count", "fast")).input_tokens).not.toBe(counted);
  const { stdout } = await user.runHere(["estimate", "in.jsonl", "-p", "mock"]);
  expect(stdout).toContain("tokens (counted)");
});

test("stands for `run` in its command, and tells which caps the run would reach", async () => {
  const user = userWith(questions(3));
  const command = ["estimate", "in.jsonl", "-o", "out.jsonl", "--max-retries", "2", "-p", "mock"];
  const caps = ["--max-cost", "0.0001", "--max-tokens-total", "9", "--deadline", "1ms"];
  const { code, stderr } = await user.runHere([...command, ...caps]);
  expect(code).toBe(0);
  for (const cap of ["--max-cost", "--max-tokens-total", "--deadline"]) expect(stderr).toContain(`within ${cap} `);
  expect((await user.runHere([...command, "--max-cost", "9"])).stderr).not.toContain("within");
  expect(existsSync(user.path("out.jsonl"))).toBe(false);
});

test("invalid lines are named as `run` names them, or left out", async () => {
  const user = userWith([...questions(2), { body: {} }]);
  const refused = await user.runHere(["estimate", "in.jsonl", "-p", "mock"]);
  expect(refused.code).toBe(2);
  expect(refused.stdout).toBe("");
  expect(refused.stderr).toContain("in.jsonl:3: ");
  expect(await estimate(user, "-p", "mock", "--skip-invalid")).toMatchObject({ requests: 2, to_send: 2 });
});

test("stdin is read, an empty one refused, and no key is needed", async () => {
  const user = userWith(questions(3));
  delete user.environment["OPENAI_API_KEY"];
  const piped = await user.runHere(["estimate", "--json"], user.read("in.jsonl"));
  expect(JSON.parse(piped.stdout)).toMatchObject({ requests: 3, to_send: 3 });
  const empty = await user.runHere(["estimate", "--json"]);
  expect(empty.code).toBe(2);
});

test("each key of a provider has the provider's limits", async () => {
  const provider = { base_url: "http://127.0.0.1:9/v1", limits: ["requests=60/1m"], models: ["test-model"] };
  const user = userWith(questions(60));
  configure(user, { providers: { own: provider } });
  expect(await estimate(user)).toMatchObject({ bound_by: "rpm" });
  const alone = (await estimate(user)).seconds?.expected ?? 0;
  configure(user, { providers: { own: { ...provider, api_keys: ["$KEY_1", "$KEY_2", "$KEY_3"] } } });
  const shared = (await estimate(user)).seconds?.expected ?? 0;
  expect(shared).toBeLessThan(alone / 2);
});
