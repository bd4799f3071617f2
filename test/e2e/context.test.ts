import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, type Reply, type Script, type ScriptedServer } from "../support/scripted-server.ts";
import { Workplace } from "./cli.ts";
import { configure } from "./configure.ts";

const long = "word ".repeat(2_000);
const said = (...contents: string[]): object => ({
  model: "m",
  messages: contents.map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content })),
});
const short = said("Hi");
const cuttable = said(long, "Yes.", "And?");
const hopeless = said("Hi", "Yes.", long);

/** Whose model `m` holds 1,000 tokens. */
async function workplace(script: Script = () => chatAnswer()): Promise<{ user: Workplace; server: ScriptedServer }> {
  const server = await serve(script);
  const user = new Workplace();
  configure(user, { providers: { near: { base_url: `${server.url}/v1`, context_windows: { m: 1_000 } } } });
  return { user, server };
}

function linesOf(stderr: string, text: string): string[] {
  return stderr.split("\n").filter((line) => line.includes(text));
}

describe("requests that are too long for their model", () => {
  it("are named before anything is sent, once each, by validate and by run", async () => {
    const { user, server } = await workplace();
    user.write("a.jsonl", [short, hopeless]);
    user.write("b.jsonl", [cuttable]);
    const checked = await user.runHere(["validate", "a.jsonl", "b.jsonl"]);
    expect(checked.code).toBe(0);
    const warnings = linesOf(checked.stderr, "too long for m");
    expect(warnings).toEqual([
      expect.stringMatching(/^llmbatch: a\.jsonl:2: too long for m, which holds 1,000 tokens: it has about 2,\d\d\d, and/),
      expect.stringMatching(/^llmbatch: b\.jsonl:1: /),
    ]);

    const run = await user.runHere(["run", "a.jsonl", "b.jsonl", "-o", "out.jsonl", "--progress", "none"]);
    expect(run.code, run.stderr).toBe(0);
    expect(linesOf(run.stderr, "too long")).toEqual(warnings);
    expect(server.ledger).toHaveLength(3);
    expect(user.read("out.jsonl")).not.toContain("llmbatch");

    const again = await user.runHere(["run", "a.jsonl", "b.jsonl", "-o", "out.jsonl"]);
    expect(linesOf(again.stderr, "too long")).toEqual(warnings);
    const off = await user.runHere(["run", "a.jsonl", "b.jsonl", "-o", "out.jsonl", "--context", "off"]);
    expect(linesOf(off.stderr, "too long")).toEqual([]);
  });

  it("are estimated, piloted and found in the cache as they are sent, each once", async () => {
    const { user, server } = await workplace();
    // Two are the same once their oldest turn is gone.
    const other = said(long.replace("word", "Word"), "Yes.", "And?");
    user.write("in.jsonl", [cuttable, other, short, cuttable]);
    const flags = ["--context", "truncate"];
    const run = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl", "-q", "--pilot", "4", ...flags]);
    expect(run.code, run.stderr).toBe(0);
    expect(server.ledger).toHaveLength(4);
    const has = await user.runHere(["cache", "has", "in.jsonl", ...flags]);
    expect(has.stdout).toContain("4 of 4 lines");
    const estimate = await user.runHere(["estimate", "in.jsonl", "--json", ...flags]);
    expect(JSON.parse(estimate.stdout)).toMatchObject({ requests: 4, cached: 4, to_send: 0, input_tokens: 0 });
  });

  it("are named as they come from stdin: ten of them, and the number of the others", async () => {
    const { user } = await workplace();
    const input = [short, ...Array.from({ length: 13 }, () => hopeless)].map((line) => JSON.stringify(line)).join("\n");
    const run = await user.runHere(["run", "-o", "out.jsonl"], input);
    const warnings = linesOf(run.stderr, "too long");
    expect(warnings).toHaveLength(11);
    expect(warnings[0]).toMatch(/^llmbatch: stdin:2: too long for m/);
    expect(warnings[10]).toBe("llmbatch: … and 3 more requests are too long for their model");
  });

  it("lose their oldest turns with --context truncate, which stands in output, log, statistics and summary", async () => {
    const { user, server } = await workplace();
    user.write("in.jsonl", [short, { custom_id: "cut", body: cuttable, metadata: 7 }, hopeless]);
    const args = ["run", "in.jsonl", "-o", "out.jsonl", "--context", "truncate"];
    const run = await user.runHere([...args, "--log", "run.log", "-c", "1"]);
    expect(run.code, run.stderr).toBe(0);
    expect(server.ledger.map(({ body }) => body)).toEqual([short, said("And?"), hopeless].map((body) => JSON.stringify(body)));
    const lines = user.read("out.jsonl").trim().split("\n");
    expect(lines.map((line) => /,"metadata".*$|,"llmbatch".*$/.exec(line)?.[0])).toEqual([
      undefined,
      ',"metadata":7,"llmbatch":{"dropped":["messages[0]","messages[1]"]}}',
      undefined,
    ]);
    expect(linesOf(run.stderr, "too long")).toEqual([expect.stringMatching(/^llmbatch: in\.jsonl:3: /)]);
    expect(run.stderr).toMatch(/changed +truncated 1\n/);
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({ truncated_requests: 1, sanitized_requests: 0 });
    const events = user
      .read("run.log")
      .trim()
      .split("\n")
      .map((line): Record<string, unknown> => JSON.parse(line));
    expect(events.filter(({ event }) => event === "request-changed")).toEqual([
      {
        time: expect.any(String),
        event: "request-changed",
        line_number: 2,
        custom_id: "cut",
        truncated: ["messages[0]", "messages[1]"],
      },
    ]);
    expect(events.find(({ event }) => event === "warning")).toMatchObject({ line_number: 3 });

    const before = user.read("out.jsonl");
    expect((await user.runHere(args)).code).toBe(0);
    expect(server.ledger, "all are known").toHaveLength(3);
    expect(user.read("out.jsonl")).toBe(before);
    const has = ["cache", "has", "in.jsonl"];
    expect((await user.runHere([...has, "--context", "truncate"])).stdout).toContain("3 of 3");
    expect((await user.runHere(has)).stdout).toContain("2 of 3");

    await user.runHere([...args, "--annotate"]);
    expect(user.read("out.jsonl")).toContain('"cost_usd":0,"dropped":["messages[0]","messages[1]"]}}');
  });
});

describe("what models are known to refuse", () => {
  const path = "/v1/messages";
  const message: Reply = {
    status: 200,
    body: { type: "message", role: "assistant", content: [{ type: "text", text: "Hi" }], stop_reason: "end_turn", usage: {} },
  };
  const body = { model: "c", messages: [{ role: "user", content: "Hi" }] };

  it("is taken out, or put in, with --sanitize fix; named with warn; and nothing is done without", async () => {
    const { user, server } = await workplace((call) => (call.path.endsWith("/messages") ? message : chatAnswer()));
    user.write("in.jsonl", [short, { url: path, body }, { url: path, body: { ...body, top_k: 2 } }]);
    const args = ["run", "in.jsonl", "-o", "out.jsonl", "-c", "1", "--refresh"];
    const needs = "c needs max_tokens, and --sanitize fix adds max_tokens=4096";

    const off = await user.runHere(args);
    expect(off.stderr).not.toContain("max_tokens");
    const warned = await user.runHere([...args, "--sanitize", "warn"]);
    expect(linesOf(warned.stderr, needs)).toEqual([`llmbatch: in.jsonl:2: ${needs} (2 requests)`]);
    const checked = await user.runHere(["validate", "in.jsonl", "--sanitize", "fix"]);
    expect(linesOf(checked.stderr, needs)).toEqual([`llmbatch: in.jsonl:2: ${needs} (2 requests)`]);
    expect(server.ledger.filter((call) => call.body.includes("max_tokens"))).toEqual([]);

    const fixed = await user.runHere([...args, "--sanitize", "fix"]);
    expect(linesOf(fixed.stderr, needs)).toEqual([]);
    expect(server.ledger.slice(-2).map((call) => call.body)).toEqual([
      JSON.stringify({ max_tokens: 4096, ...body }),
      JSON.stringify({ max_tokens: 4096, ...body, top_k: 2 }),
    ]);
    expect(user.read("out.jsonl").match(/"llmbatch":\{"dropped":\["\+max_tokens=4096"\]\}/g)).toHaveLength(2);
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({ truncated_requests: 0, sanitized_requests: 2 });
  });
});
