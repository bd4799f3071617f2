import { expect, it } from "vitest";
import { questions, Workplace } from "./cli.ts";
import { serve } from "../support/closing.ts";
import { answerTo } from "../trials/commands.ts";

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

it("tells programs of a run's end in JSON, whether it is whole or was stopped", async () => {
  const user = new Workplace();
  user.write("in.jsonl", questions(20, { max_tokens: 100 }));
  const server = await serve(answerTo);
  const args = ["run", "in.jsonl", "-o", "out.jsonl", "--progress", "json", "--base-url", `${server.url}/v1`];
  const stopped = await user.runHere([...args, "-c", "1", "--max-tokens-total", "300"]);
  expect(stopped.code).toBe(3);
  const end = linesOf(stopped.stderr).at(-1);
  expect(end).toMatchObject({
    type: "stopped",
    message: expect.stringMatching(/^stopped early: the budget is used up[^]*run the same command/),
  });

  const whole = await user.runHere(args);
  const stats: unknown = JSON.parse(user.read("out.jsonl.stats.json"));
  expect(linesOf(whole.stderr).at(-1)).toEqual({ type: "summary", ...Object(stats) });
});
