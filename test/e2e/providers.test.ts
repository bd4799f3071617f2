import { describe, expect, it } from "vitest";
import { describeProviders } from "../../src/cli/commands/providers.ts";
import { presets } from "../../src/providers/providers.ts";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer } from "../support/scripted-server.ts";
import { Workplace } from "./cli.ts";

describe("llmbatch providers", () => {
  it("lists every preset with its address and the variable of its key, and whether that is set, never the key", async () => {
    const { code, stdout } = await new Workplace().runHere(["providers"]);
    expect(code).toBe(0);
    const rows = stdout.trimEnd().split("\n");
    expect(rows.map((row) => row.split(" ")[0])).toEqual(["NAME", "mock", ...Object.keys(presets)]);
    expect(rows.find((row) => row.startsWith("openai"))).toMatch(/ https:\/\/api\.openai\.com\/v1 +OPENAI_API_KEY +set$/);
    expect(rows.find((row) => row.startsWith("groq"))).toMatch(/ GROQ_API_KEY +not set$/);
    expect(rows.find((row) => row.startsWith("ollama"))).toMatch(/ - +not needed$/);
    expect(rows.find((row) => row.startsWith("azure"))).toMatch(/ set AZURE_OPENAI_ENDPOINT /);
    expect(stdout).not.toContain("sk-test");
  });

  it("lists those of the configuration first, and which of their keys are there: it did not know --config", async () => {
    const user = new Workplace();
    Object.assign(user.environment, { KEY_1: "canary-1", GROQ_API_KEY: "canary-2" });
    const providers = {
      openai: { api_keys: ["$KEY_1", "env:KEY_2", "canary-3"] },
      gpu: { base_url: "http://localhost:8000/v1?sig=canary" },
      fast: { preset: "groq", models: ["llama"] },
      proxy: { preset: "mistral", base_url: "http://localhost:4000/v1" },
      off: { base_url: "http://localhost:8001/v1", enabled: false },
    };
    user.write("mine.json", JSON.stringify({ providers }));
    const { code, stdout, stderr } = await user.runHere(["providers", "--config", "mine.json"]);
    expect([code, stderr]).toEqual([0, ""]);
    const rows = stdout
      .trimEnd()
      .split("\n")
      .map((row) => row.split(/ {2,}/));
    expect(rows.slice(0, 6)).toEqual([
      ["NAME", "BASE URL", "KEY VARIABLE", "KEY", "FROM"],
      ["openai", "https://api.openai.com/v1", "KEY_1, KEY_2, (in the file)", "2 of 3 set", "configuration"],
      ["gpu", "http://localhost:8000/v1?sig=[secret]", "-", "not needed", "configuration"],
      ["fast", "https://api.groq.com/openai/v1", "GROQ_API_KEY", "set", "configuration"],
      ["proxy", "http://localhost:4000/v1", "MISTRAL_API_KEY", "not needed", "configuration"],
      ["off", "http://localhost:8001/v1", "-", "switched off", "configuration"],
    ]);
    expect(rows.slice(6).map(([name]) => name)).toEqual(["mock", ...Object.keys(presets).filter((name) => name !== "openai")]);
    expect(stdout).not.toContain("canary");
  });

  it("shows an address from a variable without what may be a credential in it", () => {
    const table = describeProviders({
      AZURE_OPENAI_ENDPOINT: "https://me:canary@res.example/?sig=canary",
      OPENAI_BASE_URL: "https://gateway.example/v1?key=canary",
      ANTHROPIC_BASE_URL: "canary",
    });
    expect(table).toContain("https://[secret]@res.example/openai/v1?sig=[secret] (AZURE_OPENAI_ENDPOINT)");
    expect(table).toContain("https://gateway.example/v1?key=[secret] (OPENAI_BASE_URL)");
    expect(table).toContain("no address (ANTHROPIC_BASE_URL)");
    expect(table).not.toContain("canary");
  });
});

describe("llmbatch check", () => {
  it("asks once and says which model answered, and in what time", async () => {
    const server = await serve(() => chatAnswer("OK", { model: "test-model-2026" }));
    const { code, stdout } = await new Workplace().runHere(["check", "--base-url", `${server.url}/v1`, "-m", "test-model"]);
    expect(stdout).toMatch(/^NAME .*\nopenai +test-model +ok +\d+ ms +test-model-2026\n$/);
    expect(code).toBe(0);
    expect(server.ledger).toHaveLength(1);
    expect(server.ledger[0]).toMatchObject({ path: "/v1/chat/completions" });
    expect(server.ledger[0]?.json()).toMatchObject({ model: "test-model" });
  });

  it("asks once and says in a line what is wrong", async () => {
    const server = await serve((call) => errorAnswer(500, { message: `bad\n\u001b[31m ${call.headers["authorization"]}` }));
    const { code, stdout } = await new Workplace().runHere(["check", "--base-url", `${server.url}/v1`, "-m", "test-model"]);
    expect(stdout).toMatch(
      /\nopenai +test-model +failed +\d+ ms +server_error: HTTP 500: bad\\u000a\\u001b\[31m Bearer \[redacted\]\n$/,
    );
    expect(code).toBe(1);
    expect(server.ledger).toHaveLength(1);
  });

  it("asks Anthropic by its own API", async () => {
    const server = await serve(() => ({
      body: {
        type: "message",
        role: "assistant",
        model: "claude-test",
        content: [{ type: "text", text: "OK" }],
        stop_reason: "end_turn",
      },
    }));
    const user = new Workplace();
    Object.assign(user.environment, { ANTHROPIC_API_KEY: "sk-ant-0123", ANTHROPIC_BASE_URL: server.url });
    const { code, stdout } = await user.runHere(["check", "-p", "anthropic", "-m", "claude-test"]);
    expect(code, stdout).toBe(0);
    expect(server.ledger[0]).toMatchObject({ path: "/v1/messages", headers: { "x-api-key": "sk-ant-0123" } });
    expect(server.ledger[0]?.json()).toMatchObject({ max_tokens: 16 });
  });

  it("needs neither key nor model for the mock", async () => {
    const { code, stdout } = await new Workplace().runHere(["check", "-p", "mock"]);
    expect(stdout).toMatch(/\nmock +mock-chat +ok +/);
    expect(code).toBe(0);
  });

  it("ends with code 2 when no provider can be asked", async () => {
    const user = new Workplace();
    const noModel = await user.runHere(["check"]);
    expect([noModel.code, noModel.stderr]).toEqual([2, expect.stringContaining("--model")]);
    const noKey = await user.runHere(["check", "-p", "groq", "-m", "m"]);
    expect([noKey.code, noKey.stderr]).toEqual([2, expect.stringContaining("GROQ_API_KEY")]);
  });
});
