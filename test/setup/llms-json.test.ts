import { inspect } from "node:util";
import { expect, it } from "vitest";
import { readLlmsJson } from "../../src/config/llms-json.ts";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer, type ScriptedServer } from "../support/scripted-server.ts";
import { load } from "./configuration.ts";

function sentTo({ ledger }: ScriptedServer): unknown[] {
  return ledger.map(({ path, headers, body }) => [path, headers["authorization"], JSON.parse(body).model]);
}

it("llms.json is read as it is: models at their providers, in the order of the file, by the names that they have there", async () => {
  const [free, paid] = [await serve(() => errorAnswer(500)), await serve(() => chatAnswer("fine"))];
  const said: string[] = [];
  const { manager, models, config, options } = await load(
    {
      defaults: {
        headers: { "User-Agent": "llms.py/1.0" },
        text: { model: "kimi-k2", messages: [{ role: "user", content: "" }] },
      },
      limits: { client_timeout: 120, client_max_size: 20_971_520, retries: 3 },
      convert: { image: { max_size: "1536x1024" } },
      retry_delay: 0.001,
      providers: {
        groq_free: {
          enabled: true,
          type: "OpenAiProvider",
          base_url: `${free.url}/openai`,
          api_key: "$FREE_KEY",
          models: { "kimi-k2": "moonshotai/kimi-k2:free" },
          temperature: 0.5,
          default_pricing: { input: "0", output: "0" },
        },
        unset: { enabled: true, type: "OpenAiProvider", base_url: paid.url, api_key: "$NOT_SET", models: { "kimi-k2": "k2" } },
        off: { enabled: false, type: "OpenAiProvider", base_url: free.url, models: { "kimi-k2": "k2" }, pricing: {} },
        paid: {
          type: "OpenAiProvider",
          base_url: `${paid.url}/`,
          api_key: "canary-key",
          models: { "kimi-k2": "moonshotai/kimi-k2", "glm-4.6": "z-ai/glm-4.6" },
        },
      },
    },
    { environment: { FREE_KEY: "sk-free" }, onWarning: (message) => said.push(message) },
  );
  expect(options).toMatchObject({ model: "kimi-k2", retry: { maxRetries: 3 } });
  const { text, result } = await manager.complete("Hello!", { temperature: 0.7 });
  expect([text, result.provider, result.model]).toEqual(["fine", "paid", "kimi-k2"]);
  await models["paid"]?.["glm-4.6"]?.complete("Hello!");
  expect(sentTo(free)).toEqual([["/openai/v1/chat/completions", "Bearer sk-free", "moonshotai/kimi-k2:free"]]);
  expect(sentTo(paid)).toEqual([
    ["/v1/chat/completions", "Bearer canary-key", "moonshotai/kimi-k2"],
    ["/v1/chat/completions", "Bearer canary-key", "z-ai/glm-4.6"],
  ]);
  expect(free.ledger[0]?.json(), "the request's own temperature wins").toMatchObject({ temperature: 0.7 });
  expect(said).toEqual([
    expect.stringMatching(/: without effect: convert, limits\.client_max_size, providers\.groq_free\.default_pricing$/),
    expect.stringMatching(/^unset is left out of its routes, .* NOT_SET is not set$/),
  ]);
  expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain("canary");
});

it("version 3 of it gives whole addresses and the variables of keys, and leaves to presets what it does not say", () => {
  const providers = {
    groq: { enabled: true },
    google: { enabled: true, thinking_config: {} },
    codestral: {
      enabled: true,
      npm: "codestral",
      api: "https://codestral.mistral.ai/v1",
      env: ["CODESTRAL_API_KEY"],
      models: { "codestral-latest": { id: "codestral-latest", name: "Codestral", cost: { input: 0, output: 0 } } },
    },
    ollama: { enabled: false, npm: "ollama", api: "http://localhost:11434", models: {}, all_models: true },
    mine: { npm: "openai", api: "http://localhost:8000/v1", api_key: "", map_models: { fast: "llama-8b" }, temperature: 1 },
  };
  expect(
    readLlmsJson({ version: 3, defaults: { text: { model: "DeepSeek V4 Flash" } }, rpm: 60, loading: [], providers }),
  ).toEqual({
    content: {
      rpm: 60,
      providers: {
        groq: { enabled: true },
        google: { enabled: true, preset: "gemini" },
        codestral: {
          enabled: true,
          base_url: "https://codestral.mistral.ai/v1",
          api_keys: ["$CODESTRAL_API_KEY"],
          models: { "codestral-latest": "codestral-latest" },
        },
        ollama: { enabled: false, preset: "ollama" },
        mine: { preset: "vllm", models: { fast: "llama-8b" }, set: { temperature: 1 } },
      },
    },
    unused: ["loading", "defaults.text.model", "providers.google.thinking_config"],
  });
});

it("a file of ours is no llms.json, nor is what is wrong in it read as one", async () => {
  expect(readLlmsJson({ providers: { house: { base_url: "http://localhost/v1" } }, model: "m" })).toBeUndefined();
  await expect(load({ defaults: {}, providers: { groq: { type: "OpenAiProvider", base_url: 5 } } })).rejects.toThrow(
    /"providers"\.groq\.base_url: expected/,
  );
  await expect(load({ providers: { house: { api_key: "k" } } })).rejects.toThrow(/api_key: there is no such option/);
});
