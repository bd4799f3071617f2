import { describe, expect, it } from "vitest";
import { mock, serve } from "../support/closing.ts";
import { chatAnswer, cutBeforeHeaders, errorAnswer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";
import { configure } from "./configure.ts";

function routed(user: Workplace, first: string, second: string, strategy = "order"): void {
  configure(user, {
    providers: { first: { base_url: `${first}/v1` }, second: { base_url: `${second}/v1` } },
    routes: {
      "test-model": {
        strategy,
        to: [
          { provider: "first", model: "a" },
          { provider: "second", model: "b" },
        ],
      },
    },
    prices: { a: { input: 5, output: 10 }, b: { input: 1, output: 2 } },
  });
}

describe("a route", () => {
  it("finishes on the second provider when the first is dead, which costs a few attempts", async () => {
    const dead = await serve(() => cutBeforeHeaders());
    const good = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    routed(user, dead.url, good.url);
    user.write("in.jsonl", questions(150));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", "-c", "8", "--retry-delay", "0.01"]);
    expect(code, stderr).toBe(0);
    expect(good.ledger).toHaveLength(150);
    expect(good.ledger.every((call) => call.body.includes('"model":"b"'))).toBe(true);
    expect(dead.ledger.length).toBeLessThanOrEqual(40);
  });

  it("never goes on to the second for a request that the first says is bad", async () => {
    const first = await serve(() => errorAnswer(400, { type: "invalid_request_error", message: "no" }));
    const second = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    routed(user, first.url, second.url);
    user.write("in.jsonl", questions(5));
    const { code } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(code).toBe(1);
    expect(second.ledger).toEqual([]);
  });

  it("says of every provider that was tried what came of it", async () => {
    const first = await serve(() => errorAnswer(500, { message: "first is broken" }));
    const second = await serve(() => errorAnswer(500, { message: "second is broken" }));
    const user = new Workplace();
    routed(user, first.url, second.url);
    user.write("in.jsonl", questions(1));
    const { code } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", "--retry-delay", "0.01", "--log", "log.jsonl"]);
    expect(code).toBe(1);
    const [line] = user.lines("out.jsonl");
    expect(line?.error).toMatchObject({
      code: "provider_error",
      providers_tried: [
        { provider: "first", code: "server_error", message: "HTTP 500: first is broken", status_code: 500 },
        { provider: "second", code: "server_error", message: "HTTP 500: second is broken", status_code: 500 },
      ],
    });
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({ failures: { provider_error: 1 } });
    expect(line?.error?.message).toBe(
      "All providers failed for model 'test-model': first: HTTP 500: first is broken; second: HTTP 500: second is broken (after 6 attempts)",
    );
    const records = user.read("log.jsonl").split("\n");
    const end = records.find((record) => record.includes('"request-end"'));
    expect(JSON.parse(end ?? "")).toMatchObject({
      error: { code: "provider_error" },
      providers_tried: [
        { provider: "first", code: "server_error", message: "HTTP 500: first is broken", status_code: 500 },
        { provider: "second", code: "server_error", message: "HTTP 500: second is broken", status_code: 500 },
      ],
    });
  });

  it("takes the cheapest first", async () => {
    const dear = await serve(() => chatAnswer("fine"));
    const cheap = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    routed(user, dear.url, cheap.url, "cheapest");
    user.write("in.jsonl", questions(10));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(code, stderr).toBe(0);
    expect(cheap.ledger).toHaveLength(10);
    expect(dear.ledger).toEqual([]);
  });

  it("shares the load among equals", async () => {
    const one = await mock({ latencyMs: 20 });
    const two = await mock({ latencyMs: 20 });
    const user = new Workplace();
    routed(user, one.url.replace(/\/v1$/, ""), two.url.replace(/\/v1$/, ""), "least-loaded");
    user.write("in.jsonl", questions(100));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", "-c", "20"]);
    expect(code, stderr).toBe(0);
    expect(one.stats().answered).toBeGreaterThan(30);
    expect(two.stats().answered).toBeGreaterThan(30);
  });
});
