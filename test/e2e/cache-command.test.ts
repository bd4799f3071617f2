import { existsSync, statSync } from "node:fs";
import { expect, it } from "vitest";
import { RequestBatch } from "../../src/index.ts";
import { chatAnswer, errorAnswer } from "../support/scripted-server.ts";
import { serve } from "../support/closing.ts";
import { questions, Workplace } from "./cli.ts";

it("`cache has FILE` says how many lines a run would not have to pay for, without a key", async () => {
  const server = await serve((call) => (call.index === 1 ? errorAnswer(400) : chatAnswer()));
  const at = ["--base-url", `${server.url}/v1`];
  const user = new Workplace();
  const [first = {}, ...others] = questions(3);
  user.write("in.jsonl", [first, { ...first, custom_id: "again" }, ...others, "no model", { custom_id: "broken", body: 1 }]);
  user.write("all.jsonl", others.slice(1));
  delete user.environment["OPENAI_API_KEY"];
  expect(await user.runHere(["cache", "has", "in.jsonl", ...at])).toMatchObject({
    code: 1,
    stdout: "in.jsonl: 0 of 6 lines are in the cache\n",
    stderr: "",
  });
  user.environment["OPENAI_API_KEY"] = "sk-test-0123456789";
  await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", "-c", "1", "--skip-invalid", ...at]);
  const asked = server.ledger.length;
  delete user.environment["OPENAI_API_KEY"];
  expect((await user.runHere(["cache", "has", "in.jsonl", ...at])).stdout).toBe("in.jsonl: 3 of 6 lines are in the cache\n");
  expect(await user.runHere(["cache", "has", "all.jsonl", ...at])).toMatchObject({
    code: 0,
    stdout: "all.jsonl: 1 of 1 lines are in the cache\n",
  });
  expect(await user.runHere(["cache", "has", "all.jsonl", "--base-url", "https://elsewhere.test/v1"])).toMatchObject({ code: 1 });
  expect((await user.runHere(["cache", "has", "-", ...at], user.read("all.jsonl"))).stdout).toBe(
    "-: 1 of 1 lines are in the cache\n",
  );
  expect(server.ledger).toHaveLength(asked);
});

it("`cache has FILE` finds the answer to a prompt that its provider answers by another API", async () => {
  const server = await serve(() => ({
    body: {
      type: "message",
      role: "assistant",
      content: [{ type: "text", text: "Hello!" }],
      stop_reason: "end_turn",
      usage: { input_tokens: 3, output_tokens: 2 },
    },
  }));
  const at = ["--config", "llmbatch.json", "-m", "haiku", "--set", "max_tokens=9"];
  const user = new Workplace();
  user.write("in.jsonl", ["one", "two"]);
  user.write("llmbatch.json", [
    {
      providers: {
        mine: { preset: "anthropic", base_url: server.url, api_keys: ["key-of-mine-0123"], models: { haiku: "haiku" } },
      },
    },
  ]);
  await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", ...at]);
  expect(server.ledger.map(({ path }) => path)).toEqual(["/v1/messages", "/v1/messages"]);
  expect(await user.runHere(["cache", "has", "in.jsonl", ...at])).toMatchObject({
    code: 0,
    stdout: "in.jsonl: 2 of 2 lines are in the cache\n",
  });
});

it("`cache has ID` takes the id of a line of output, and the key of an answer", async () => {
  const user = new Workplace();
  user.write("in.jsonl", ["one", "two"]);
  await user.runHere(["run", "in.jsonl", "-m", "m", "-p", "mock", "-o", "out.jsonl"]);
  const [line] = user.lines("out.jsonl");
  const id = line?.id ?? "";
  expect(await user.runHere(["cache", "has", id])).toMatchObject({ code: 0, stdout: `${id}: in the cache\n` });
  const other = `${id.slice(0, -1)}${id.endsWith("A") ? "B" : "A"}`;
  expect(await user.runHere(["cache", "has", other])).toMatchObject({ code: 1, stdout: `${other}: not in the cache\n` });
  expect((await user.runHere(["cache", "has", "in.jsonl", "-m", "m", "-p", "mock"])).stdout).toContain("2 of 2 lines");
  expect(await user.runHere(["cache", "has", "missing.jsonl"])).toMatchObject({ code: 2 });
});

it("`cache has ID` refuses the id of a RequestBatch, which leads to no answer: it said that a cached one was missing", async () => {
  const user = new Workplace();
  const batch = new RequestBatch();
  const id = batch.chat.completions.create({ model: "m", messages: [{ role: "user", content: "one" }] });
  user.write("in.jsonl", batch.toJSONL());
  await user.runHere(["run", "in.jsonl", "-p", "mock", "-o", "out.jsonl"]);
  const refused = await user.runHere(["cache", "has", id]);
  expect(refused).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringMatching(/gave this id before its provider was known/),
  });
  expect((await user.runHere(["cache", "has", "in.jsonl", "-p", "mock"])).stdout).toContain("1 of 1 lines");
  const [line] = user.lines("out.jsonl");
  expect(line?.custom_id).toBe(id);
  expect(await user.runHere(["cache", "has", line?.id ?? ""])).toMatchObject({ code: 0 });
});

it("`--max-cache-size` bounds the cache of many runs, and refuses what is no size", async () => {
  const server = await serve(() => chatAnswer("x".repeat(40_000)));
  const at = ["--base-url", `${server.url}/v1`, "--cache-path", "cache.sqlite"];
  const user = new Workplace();
  for (const run of [1, 2, 3]) {
    user.write("in.jsonl", questions(30, { seed: run }));
    expect(await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", "--max-cache-size", "1MB", ...at])).toMatchObject({
      code: 0,
    });
    expect(statSync(user.path("cache.sqlite")).size).toBeLessThanOrEqual(1_000_000);
  }
  expect(existsSync(user.path("cache.sqlite-wal"))).toBe(false);
  expect(await user.runHere(["run", "in.jsonl", "--max-cache-size", "much", ...at])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--max-cache-size: expected a size above 0 such as 2GB"),
  });
});

it("`cache path`, `stats`, `prune` and `clear` are of the cache that a run uses, by flag, variable or configuration", async () => {
  const user = new Workplace();
  user.write("in.jsonl", ["one", "two"]);
  user.write("llmbatch.config.json", '{"cache_path": "mine.sqlite", "provider": "mock", "model": "m"}');
  await user.runHere(["run", "in.jsonl", "-o", "out.jsonl"]);
  expect(await user.runHere(["cache", "path"])).toMatchObject({ code: 0, stdout: "mine.sqlite\n", stderr: "" });
  expect((await user.runHere(["cache", "stats"])).stdout).toMatch(/^file +mine\.sqlite\nanswers +2$/m);
  expect((await user.runHere(["cache", "prune", "--older-than", "30d"])).stdout).toBe("0 answers removed\n");
  expect(await user.runHere(["cache", "prune", "--older-than", "soon"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("It is no length of time: 240 (seconds), 240s, 4m and 30d are."),
  });
  expect((await user.runHere(["cache", "clear", "--cache-path", "other.sqlite"])).stdout).toBe("other.sqlite: no cache yet\n");
  expect((await user.runHere(["cache", "clear"])).stdout).toBe("2 answers removed\n");
  user.write("llmbatch.config.json", '{"cache_path": "redis://:pass-word@cache.invalid:6379"}');
  expect(await user.runHere(["cache", "clear"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("the cache redis://cache.invalid:6379 is on another machine"),
  });
  user.environment["LLMBATCH_ALLOW_HTTP"] = "1";
  expect(await user.runHere(["cache", "clear"])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/The cache redis:\/\/cache\.invalid:6379 cannot be used/),
  });
  user.write("llmbatch.config.json", '{"cache_path": ');
  expect(await user.runHere(["cache", "path"])).toMatchObject({ code: 2, stderr: expect.stringContaining("it is not JSON") });
});
