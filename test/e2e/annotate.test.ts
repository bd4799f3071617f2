import { expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";
import { configure } from "./configure.ts";

it("--annotate says who answered each line, whether the cache did, and after how long; without it lines are what they were", async () => {
  const first = await serve(({ body }) => (body.includes('"Question 3"') ? errorAnswer(400) : errorAnswer(500)));
  const second = await serve(() => chatAnswer("fine"));
  const user = new Workplace();
  configure(user, {
    providers: { first: { base_url: `${first.url}/v1` }, second: { base_url: `${second.url}/v1` } },
    routes: { "test-model": { to: [{ provider: "first" }, { provider: "second" }] } },
  });
  user.write("in.jsonl", [{ ...questions(1)[0], metadata: { row: 1 } }, ...questions(3).slice(1)]);
  const args = ["run", "in.jsonl", "-o", "out.jsonl", "--retry-delay", "0.001"];
  await user.runHere(args);
  const plain = user.read("out.jsonl");
  const run = await user.runHere([...args, "--annotate", "--refresh"]);
  expect(run.code, run.stderr).toBe(1);
  const routed = { provider: "second", model: "test-model", cached: false, attempts: 2, cost_usd: null };
  expect(user.lines("out.jsonl").map(factsOf)).toMatchObject([
    routed,
    routed,
    { ...routed, provider: "first", attempts: 1, cost_usd: 0 },
  ]);
  for (const line of user.read("out.jsonl").trim().split("\n"))
    expect(line).toMatch(
      /,"llmbatch":\{"provider":"[a-z]+","model":"test-model","cached":false,"attempts":\d,"latency_ms":[\d.]+,"cost_usd":(?:null|0)\}\}$/,
    );
  expect(user.read("out.jsonl").replaceAll(/,"llmbatch":\{.*?\}\}$/gm, "}")).toBe(plain);

  await user.runHere([...args, "--annotate"]);
  const [cached] = user.lines("out.jsonl").map(factsOf);
  expect(cached).toEqual({ provider: null, model: "test-model", cached: true, attempts: 0, latency_ms: 0, cost_usd: 0 });
});

function factsOf(line: object): unknown {
  return "llmbatch" in line ? line.llmbatch : undefined;
}
