import { expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { questions, Workplace } from "./cli.ts";
import { startServe } from "./serving.ts";

it("serve knows the clients of its configuration, answers from the cache, and lets a batch through that gives way", async () => {
  const upstream = await serve();
  const operator = new Workplace();
  operator.environment["CHAT_TOKEN"] = "token-of-chat";
  operator.environment["JOBS_TOKEN"] = "token-of-jobs";
  const clients = {
    chat: { token: "$CHAT_TOKEN", weight: 3 },
    jobs: { token: "$JOBS_TOKEN", cache: "shared", max_in_flight: 50 },
  };
  operator.write("llmbatch.config.json", JSON.stringify({ clients }));
  const { url, child, ended } = await startServe(operator, [
    "--base-url",
    `${upstream.url}/v1`,
    "--live-cache",
    "on",
    "--log",
    "log.jsonl",
  ]);
  const ask = (token: string): Promise<Response> =>
    fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ model: "test-model", messages: [{ role: "user", content: "Question 1" }] }),
    });
  const cached: unknown[] = [];
  for (const token of ["token-of-chat", "token-of-chat", "token-of-jobs"])
    cached.push((await ask(token)).headers.get("x-llmbatch-cache"));
  expect(cached).toEqual(["stored", "hit", "stored"]);
  expect((await ask("of-nobody")).status).toBe(401);

  const user = new Workplace();
  user.environment["OPENAI_API_KEY"] = "token-of-jobs";
  user.write("in.jsonl", questions(3));
  const run = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", "-q", "--base-url", `${url}/v1`]);
  expect([run.code, user.lines("out.jsonl").length]).toEqual([0, 3]);
  expect(upstream.ledger).toHaveLength(4); // the first line is what both clients have asked
  child.kill("SIGTERM");
  expect((await ended).code).toBe(0);
  const log = operator.read("log.jsonl");
  expect(log).toContain('"client":"chat"');
  expect(log).not.toContain("token-of");
});

it("serve says whose token is missing", async () => {
  const user = new Workplace();
  user.write("llmbatch.config.json", JSON.stringify({ clients: { chat: { token: "$CHAT_TOKEN" } } }));
  const { code, stderr } = await user.runHere(["serve", "--port", "0", "--base-url", "http://127.0.0.1:9/v1"]);
  expect(code).toBe(2);
  expect(stderr).toContain("clients.chat: no token: the environment variable CHAT_TOKEN is not set");
});
