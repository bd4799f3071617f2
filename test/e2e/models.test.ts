import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";
import { configure } from "./configure.ts";

describe("a model that no configured provider has", () => {
  it("ends with code 2 before anything is sent, and the nearest names: OPENAI_API_KEY was said to be missing", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const user = new Workplace();
    delete user.environment["OPENAI_API_KEY"];
    const at = { base_url: `${server.url}/v1` };
    configure(user, {
      providers: { a: { ...at, models: ["test-model"] }, b: { ...at, models: { tall: "tall-model" } } },
    });
    user.write("prompts.jsonl", ["One", "Two"]);
    const byFlag = await user.runHere(["run", "prompts.jsonl", "-m", "test-modle", "-o", "out.jsonl"]);
    expect([byFlag.code, byFlag.stderr]).toEqual([
      2,
      `llmbatch: Model 'test-modle' not found in any configured provider; did you mean "test-model"?\n`,
    ]);
    user.write("in.jsonl", [...questions(2), { custom_id: "last", body: { model: "nope", messages: [] } }]);
    const byLine = await user.runHere(["run", "in.jsonl", "-o", "out.jsonl"]);
    expect(byLine.code).toBe(2);
    expect(byLine.stderr).toMatch(
      /in\.jsonl:3: .*Model 'nope' not found in any configured provider; there are: test-model, tall/,
    );
    expect(server.ledger).toEqual([]);
  });
});

describe("llmbatch models", () => {
  it("lists routes, aliases and who serves them", async () => {
    const user = new Workplace();
    configure(user, {
      providers: {
        gpu: { base_url: "http://localhost:8000/v1", models: ["llama"] },
        cloud: { base_url: "http://localhost:8001/v1", models: { fast: "mini-2", llama: "meta/llama" } },
        off: { base_url: "http://localhost:8002/v1", models: ["gone"], enabled: false },
        open: { base_url: "http://localhost:8003/v1" },
      },
      routes: {
        big: {
          strategy: "weighted",
          to: [
            { provider: "gpu", model: "llama-70b" },
            { provider: "cloud", model: "fast" },
          ],
        },
      },
    });
    const { code, stdout } = await user.runHere(["models"]);
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        "MODEL  PROVIDER  ITS NAME THERE  CHOSEN BY",
        "big    gpu       llama-70b       weighted",
        "       cloud     mini-2          weighted",
        "llama  gpu       llama           order",
        "       cloud     meta/llama      order",
        "fast   cloud     mini-2          -",
        "",
      ].join("\n"),
    );
    const named = await user.runHere(["models", "-p", "open"]);
    expect(named.stdout).toMatch(/\n\(any other\) +open +\(the same\) +-\n$/);
  });
});

describe("llmbatch check", () => {
  it("asks each provider for the first of its models: one had to be named for all", async () => {
    const server = await serve(() => chatAnswer("OK"));
    const user = new Workplace();
    const at = { base_url: `${server.url}/v1` };
    const providers = { a: { ...at, models: { fast: "mini", slow: "maxi" } }, b: at, off: { ...at, enabled: false } };
    configure(user, { providers, routes: { r: { to: [{ provider: "b", model: "llama" }] } } });
    const { code, stdout, stderr } = await user.runHere(["check"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/\na +mini +ok .*\nb +llama +ok [^\n]*\n$/);
    configure(user, { providers });
    const without = await user.runHere(["check"]);
    expect([without.code, without.stderr]).toEqual([2, expect.stringMatching(/name a model to ask b for.*providers\.b\.models/)]);
  });
});
