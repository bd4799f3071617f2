import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import {
  chatAnswer,
  cutInBody,
  errorAnswer,
  rateLimited,
  type ReceivedCall,
  type ScriptedServer,
} from "../support/scripted-server.ts";
import { freePort } from "../support/raw-server.ts";
import { questions, Workplace } from "./cli.ts";

function runArguments({ url }: ScriptedServer, ...more: string[]): string[] {
  return ["run", "in.jsonl", "--base-url", `${url}/v1`, "-o", "out.jsonl", "--retry-delay", "0.001", ...more];
}

function callsOf(question: number, ledger: readonly ReceivedCall[]): ReceivedCall[] {
  return ledger.filter(({ body }) => body.includes(`"Question ${question}"`));
}

describe("what is asked again, and how often", () => {
  it("400 once, 500 and cut sockets up to max-retries; a second run asks only for what failed", async () => {
    let isRepaired = false;
    const server = await serve((call) => {
      if (isRepaired) return chatAnswer("late");
      if (call.body.includes('"Question 2"')) return errorAnswer(400, { type: "invalid_request_error", message: "bad field" });
      if (call.body.includes('"Question 3"')) return errorAnswer(500);
      if (call.body.includes('"Question 4"')) return cutInBody(20);
      return chatAnswer("fine");
    });
    const { ledger } = server;
    const user = new Workplace();
    user.write("in.jsonl", questions(5));
    const args = runArguments(server, "--max-retries", "2");

    const first = await user.runHere(args);
    expect(first.code, first.stderr).toBe(1);
    expect([1, 2, 3, 4, 5].map((question) => callsOf(question, ledger).length)).toEqual([1, 1, 3, 3, 1]);
    expect(user.lines("out.jsonl").map(({ error }) => error && [error.code, error.attempts])).toEqual([
      null,
      ["invalid_request", 1],
      ["server_error", 3],
      ["network", 3],
      null,
    ]);
    expect(user.lines("out.jsonl")[1]?.response?.status_code).toBe(400);

    const asked = ledger.length;
    isRepaired = true;
    const second = await user.runHere(args);
    expect(second.code).toBe(0);
    expect(
      ledger
        .slice(asked)
        .map(({ body }) => /Question \d/.exec(body)?.[0])
        .toSorted(),
    ).toEqual(["Question 2", "Question 3", "Question 4"]);
  });

  it("is told once where nothing was answered yet: a server that is not there was retried for half a minute without a word", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(2));
    const args = ["run", "in.jsonl", "--base-url", `http://127.0.0.1:${await freePort()}/v1`, "-o", "out.jsonl"];
    const { code, stderr } = await user.runHere([...args, "--retry-delay", "0.001", "--max-retries", "2"]);
    expect(code).toBe(1);
    const told = stderr.match(/^llmbatch: in\.jsonl:[12]: .+refused the connection.+; asked again in [\d.]+ ms$/gm);
    expect(told).toHaveLength(1);
  });

  it("429 with Retry-After not before its time, and no other request meanwhile", async () => {
    const server = await serve((call) => (call.index === 0 ? rateLimited("1") : chatAnswer()));
    const user = new Workplace();
    user.write("in.jsonl", questions(3));
    const { code, stderr } = await user.runHere(runArguments(server, "-c", "1", "--max-retries", "0"));
    expect(code, stderr).toBe(0);
    const [refused, next] = server.ledger;
    expect((next?.arrivedAt ?? 0) - (refused?.endedAt ?? 0)).toBeGreaterThanOrEqual(990);
    expect(server.ledger).toHaveLength(4);
  });

  it("a used-up quota three times in a row: the run stops with exit code 3, and the same command goes on later", async () => {
    let hasQuota = false;
    const server = await serve((call) =>
      hasQuota || call.index < 2 ? chatAnswer() : errorAnswer(429, { code: "insufficient_quota", type: "insufficient_quota" }),
    );
    const user = new Workplace();
    user.write("in.jsonl", questions(20));
    user.write("out.jsonl", "older");
    const args = runArguments(server, "-c", "1");

    const stopped = await user.runHere(args);
    expect(stopped.code).toBe(3);
    expect(stopped.stderr).toContain("quota");
    expect(stopped.stderr).toContain("2 answers are safe");
    expect(server.ledger).toHaveLength(2 + 3);
    expect(user.read("out.jsonl"), "the older output stays").toBe("older");
    expect(JSON.parse(user.read("out.jsonl.stats.json.partial"))).toMatchObject({
      requests_total: 20,
      requests_completed: 2,
      requests_failed: 3,
      requests_skipped: 15,
    });

    hasQuota = true;
    const resumed = await user.runHere(args);
    expect(resumed.code).toBe(0);
    expect(server.ledger).toHaveLength(5 + 18);
    expect(user.lines("out.jsonl")).toHaveLength(20);
  });

  it("a model that is not there costs its own lines only: the output is finished, and again where all others are cached", async () => {
    const server = await serve(({ body }) => (body.includes('"gone"') ? errorAnswer(404, { message: "no gone" }) : chatAnswer()));
    const user = new Workplace();
    const [gone, good] = [questions(4, { model: "gone" }), questions(40)];
    user.write("in.jsonl", [...gone.map((line, index) => ({ ...line, custom_id: `gone-${index}` })), ...good]);
    for (const asked of [43, 46]) {
      const { code, stderr } = await user.runHere(runArguments(server, "-c", "1"));
      expect(code, stderr).toBe(1);
      expect(stderr).toContain("not_found, line 1: HTTP 404: no gone");
      expect(user.lines("out.jsonl").map(({ error }) => error?.code ?? "fine")).toEqual([
        ...gone.map(() => "not_found"),
        ...good.map(() => "fine"),
      ]);
      expect(user.lines("out.jsonl")[3]?.error).toMatchObject({
        attempts: 0,
        message: expect.stringContaining("as 3 requests before it"),
      });
      expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({ requests_completed: 40, failures: { not_found: 4 } });
      expect(server.ledger).toHaveLength(asked);
    }
  });

  it("a refused key stops the run after a few requests instead of burning through the file", async () => {
    const server = await serve(() => errorAnswer(401, { code: "invalid_api_key" }));
    const user = new Workplace();
    user.write("in.jsonl", questions(500));
    const { code, stderr } = await user.runHere(runArguments(server, "-c", "5"));
    expect(code).toBe(3);
    expect(stderr).toContain("the API key was refused");
    expect(stderr).toContain("correct the key, which `llmbatch check` tries, then run the same command again");
    expect(stderr).not.toContain("sk-test");
    expect(server.ledger.length).toBeLessThanOrEqual(3 + 2 * 5);
  });
});

describe("--errors", () => {
  it("takes the failed lines, in the same shape, and leaves the rest", async () => {
    const server = await serve((call) => (call.body.includes('"Question 2"') ? errorAnswer(400) : chatAnswer()));
    const user = new Workplace();
    user.write("in.jsonl", questions(3));
    const { code } = await user.runHere(runArguments(server, "--errors", "errors.jsonl"));
    expect(code).toBe(1);
    expect(user.lines("out.jsonl").map(({ custom_id }) => custom_id)).toEqual(["q-1", "q-3"]);
    expect(user.lines("errors.jsonl").map(({ custom_id, error }) => [custom_id, error?.code])).toEqual([
      ["q-2", "invalid_request"],
    ]);
  });
});

describe("a missing key", () => {
  it("stops before anything is sent and names the variable", async () => {
    const user = new Workplace();
    user.environment["OPENAI_API_KEY"] = "";
    user.write("in.jsonl", questions(1));
    const { code, stderr } = await user.runHere(["run", "in.jsonl"]);
    expect(code).toBe(2);
    expect(stderr).toContain("OPENAI_API_KEY");
  });
});
