import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer, type ScriptedServer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

/** The answer depends on the question alone, so that two runs of it can be compared. */
function answering(): Promise<ScriptedServer> {
  return serve(({ body }) => {
    const question = /Question (\d+)/.exec(body)?.[1] ?? "";
    return question === "9" ? errorAnswer(400) : chatAnswer(`To ${question}`);
  });
}

/** Some are identical, some have no id of their own, one fails, one is invalid, some are blank. */
function mixedLines(): string {
  const lines = questions(40).map(({ custom_id, body }, at) => {
    const asked = at % 3 === 0 ? questions(1)[0]?.body : body;
    return JSON.stringify(at % 2 === 0 ? { body: asked } : { custom_id, body: asked, metadata: { at } });
  });
  return [...lines.slice(0, 5), "", "no JSON", ...lines.slice(5), JSON.stringify(questions(1)[0]), ""].join("\n");
}

function run({ url }: ScriptedServer, ...more: string[]): string[] {
  return ["run", "in.jsonl", "--base-url", `${url}/v1`, "--skip-invalid", "--max-retries", "0", ...more];
}

describe("--shard", () => {
  it("shards are merged to the bytes of a run of all, and send each line once", async () => {
    const user = new Workplace();
    user.write("in.jsonl", mixedLines());
    const server = await answering();
    for (const shard of ["1", "2", "3"]) {
      const { code } = await user.runHere(run(server, "--shard", `${shard}/3`, "-o", `part-${shard}.jsonl`));
      expect(code).toBe(shard === "2" ? 0 : 1);
    }
    expect(server.ledger.length).toBe(41);
    const merged = await user.runHere([
      "merge",
      "part-3.jsonl",
      "part-1.jsonl",
      "part-2.jsonl",
      "--order",
      "in.jsonl",
      "-o",
      "merged.jsonl",
    ]);
    expect(merged).toEqual({ code: 0, stdout: "", stderr: "llmbatch: merged 42 results\n" });

    const other = new Workplace();
    other.write("in.jsonl", mixedLines());
    await other.runHere(run(server, "-o", "out.jsonl"));
    expect(user.read("merged.jsonl")).toBe(other.read("out.jsonl"));
    const [sum, whole] = [user.read("merged.jsonl.stats.json"), other.read("out.jsonl.stats.json")].map(countsOf);
    expect(sum).toEqual(whole);
  });

  it("a cache that they share holds each line's own answer, also of identical lines, and a run of all finds them", async () => {
    const user = new Workplace();
    const same = { messages: [{ role: "user", content: "Question 1" }], model: "test-model" };
    user.write(
      "in.jsonl",
      Array.from({ length: 10 }, () => same),
    );
    const server = await serve(({ index }) => chatAnswer(`Answer ${index}`));
    await user.runHere(run(server, "--shard", "2/2", "-o", "part-2.jsonl"));
    await user.runHere(run(server, "--shard", "1/2", "-o", "part-1.jsonl"));
    expect(server.ledger.length).toBe(10);
    const whole = await user.runHere(run(server, "-o", "out.jsonl"));
    expect([whole.code, server.ledger.length]).toEqual([0, 10]);
    const merged = await user.runHere(["merge", "part-1.jsonl", "part-2.jsonl", "--order", "in.jsonl", "-o", "-"]);
    expect(merged.stdout).toBe(user.read("out.jsonl"));
    expect(new Set(user.lines("out.jsonl").map(({ id }) => id)).size).toBe(10);
  });

  it("resumes: what has an answer is not sent again, also after lines were appended", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(9));
    const server = await serve(() => chatAnswer());
    await user.runHere(run(server, "--shard", "2/3", "-o", "part.jsonl"));
    user.write("in.jsonl", questions(12));
    const again = await user.runHere(run(server, "--shard", "2/3", "-o", "part.jsonl"));
    expect([again.code, server.ledger.length]).toEqual([0, 4]);
    expect(user.lines("part.jsonl").map(({ custom_id: id }) => id)).toEqual(["q-2", "q-5", "q-8", "q-11"]);
  });

  it("takes stdin, --head and --unordered, and may have no line", async () => {
    const user = new Workplace();
    const lines = user.write("in.jsonl", questions(6));
    const server = await serve(() => chatAnswer());
    const piped = ["run", "-", "--base-url", `${server.url}/v1`, "--shard", "2/2", "--head", "5", "--unordered"];
    const { stdout } = await user.runHere(piped, user.read("in.jsonl"));
    expect(stdout.match(/q-\d/g)).toEqual(["q-2", "q-4"]);
    const empty = await user.runHere(run(server, "--shard", "7/9", "-o", "none.jsonl"));
    expect([empty.code, user.read("none.jsonl")]).toEqual([0, ""]);
    rmSync(lines);
  });

  it("gives set limits by shares, and says so once", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(2));
    const server = await serve(() => chatAnswer());
    user.write("llmbatch.config.json", JSON.stringify({ prices: { "test-model": { input: 1, output: 1 } } }));
    const limits = [
      "--rpm",
      "600",
      "--tpm",
      "100000",
      "--limit",
      "requests=10/1d",
      "--max-cost",
      "3",
      "--max-tokens-total",
      "1001",
    ];
    const { stderr } = await user.runHere(run(server, "--shard", "1/4", ...limits, "-o", "part.jsonl"));
    const said =
      "--shard 1/4: of each limit that was set, 1/4: 150 requests/min, 25000 tokens/min, 2.5 requests/d, $ 0.75, 250 tokens in all\n";
    expect(stderr.split(said).length).toBe(2);
    const estimate = await user.runHere(["estimate", "in.jsonl", "--shard", "1/2", "--rpm", "1", "--json"]);
    expect(JSON.parse(estimate.stdout)).toMatchObject({ requests: 1 });
  });

  it("a limit of less than one is one in a longer time", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(2));
    const server = await serve(() => chatAnswer());
    const { code, stderr } = await user.runHere(run(server, "--shard", "1/2", "--rpm", "1", "-o", "part.jsonl"));
    expect(code).toBe(0);
    expect(stderr).toContain("1/2: 1 requests/2min\n");
  });

  it("a pilot is one of the shard's lines", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(20));
    const server = await serve(() => chatAnswer());
    const { code, stderr } = await user.runHere(run(server, "--shard", "2/2", "--pilot", "3", "-o", "part.jsonl"));
    expect(code).toBe(0);
    expect(stderr).toContain("pilot: 3 of 10 lines are sent first");
    expect(server.ledger.length).toBe(10);
    expect(server.ledger.every(({ body }) => /Question \d*[02468]"/.test(body))).toBe(true);
  });

  it("the whole file is checked", async () => {
    const user = new Workplace();
    user.write("in.jsonl", `${JSON.stringify(questions(1)[0])}\nno JSON\n`);
    const server = await serve(() => chatAnswer());
    const { code, stderr } = await user.runHere([
      "run",
      "in.jsonl",
      "--base-url",
      `${server.url}/v1`,
      "--shard",
      "1/2",
      "-o",
      "o",
    ]);
    expect([code, server.ledger.length]).toEqual([2, 0]);
    expect(stderr).toContain("in.jsonl:2: not JSON");
  });

  it.each(["0/3", "4/3", "1", "a/b", "1/0", "1/3/5", "-1/3", "1.5/3", ""])("refuses %j", async (shard) => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-p", "mock", `--shard=${shard}`]);
    expect(code).toBe(2);
    expect(stderr).toContain(`--shard: expected a share I/N such as 1/3: the first of three, not ${JSON.stringify(shard)}`);
  });
});

/** Without what time brings. */
function countsOf(text: string): object {
  const stats: object = JSON.parse(text, (key, value: unknown) =>
    /second|time|latency|saturation|limits_learned/.test(key) ? undefined : value,
  );
  return stats;
}
