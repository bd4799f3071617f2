import { describe, expect, it } from "vitest";
import { mock, serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";
import { configure, keyOf } from "./configure.ts";

describe("a pool of keys", () => {
  it("of 1,200 requests a minute each, two of them, is used to the full and neither goes over", async () => {
    const server = await mock({ latencyMs: 5 });
    const user = new Workplace();
    user.environment["KEY_1"] = "one";
    user.environment["KEY_2"] = "two";
    const house = { base_url: server.url, api_keys: ["$KEY_1", "env:KEY_2"], limits: ["requests=1200/1m"] };
    configure(user, { provider: "house", providers: { house } });
    user.write("in.jsonl", questions(60));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", "--log", "log.jsonl"]);
    expect(code, stderr).toBe(0);
    const starts = user
      .read("log.jsonl")
      .split("\n")
      .filter((line) => line.includes('"attempt-start"'))
      .map((line): { time: string; target: string } => JSON.parse(line));
    for (const key of ["house, key 1", "house, key 2"]) {
      const times = starts.filter(({ target }) => target === key).map(({ time }) => Date.parse(time));
      expect(times.length).toBeGreaterThan(20);
      const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
      // 20 a second, and those of 0.3 s that a busy machine may make up for.
      expect(times.length).toBeLessThanOrEqual((spanMs / 1000) * 20 + 6);
    }
    const [first, last] = [starts.slice(0, 10), starts.slice(-10)].map((some) => new Set(some.map(({ target }) => target)));
    expect([first?.size, last?.size], "both at once, from the beginning to the end").toEqual([2, 2]);
  });

  it("goes on without a key that is revoked in the middle of the run", async () => {
    let asked = 0;
    const server = await serve((call) => {
      asked += 1;
      return keyOf(call) === "Bearer bad" && asked > 40 ? errorAnswer(401, { code: "invalid_api_key" }) : chatAnswer("fine");
    });
    const user = new Workplace();
    user.environment["GOOD"] = "good";
    user.environment["BAD"] = "bad";
    configure(user, { provider: "house", providers: { house: { base_url: `${server.url}/v1`, api_keys: ["$BAD", "$GOOD"] } } });
    user.write("in.jsonl", questions(200));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", "-c", "8", "--retry-delay", "0.01"]);
    expect(code, stderr).toBe(0);
    expect(stderr.match(/house, key 1 is refused and used no more; 1 left/g)).toHaveLength(1);
    expect(user.lines("out.jsonl").filter(({ error }) => error !== null)).toEqual([]);
    expect(server.ledger.slice(80).every((call) => keyOf(call) === "Bearer good")).toBe(true);
  });

  it("of which every key is refused stops the run", async () => {
    const server = await serve(() => errorAnswer(401, { code: "invalid_api_key" }));
    const user = new Workplace();
    user.environment["KEY_1"] = "one";
    user.environment["KEY_2"] = "two";
    configure(user, {
      provider: "house",
      providers: { house: { base_url: `${server.url}/v1`, api_keys: ["$KEY_1", "$KEY_2"] } },
    });
    user.write("in.jsonl", questions(200));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", "-c", "4", "--retry-delay", "0.01"]);
    expect(code, stderr).toBe(3);
    expect(stderr).toContain("the API key was refused");
    expect(server.ledger.length).toBeLessThan(30);
  });
});
