import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../src/model/errors.ts";
import { parseBaseUrl, requestPath } from "../../src/providers/base-url.ts";
import { anthropicMessages } from "../../src/providers/protocols/anthropic-messages.ts";
import { openaiChat } from "../../src/providers/protocols/openai-chat.ts";
import { openaiResponses } from "../../src/providers/protocols/openai-responses.ts";
import { plainJson } from "../../src/providers/protocols/plain-json.ts";
import { presets } from "../../src/providers/presets.ts";

function chatUrl(baseUrl: string): string {
  const base = parseBaseUrl(baseUrl);
  return base.origin + requestPath(base, openaiChat);
}

function messagesUrl(baseUrl: string): string {
  const base = parseBaseUrl(baseUrl);
  return base.origin + requestPath(base, anthropicMessages);
}

describe("where requests go", () => {
  it.each([
    ["https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"],
    ["https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions"],
    ["https://api.openai.com", "https://api.openai.com/v1/chat/completions"],
    ["https://api.openai.com/", "https://api.openai.com/v1/chat/completions"],
    ["https://res.openai.azure.com/openai/v1", "https://res.openai.azure.com/openai/v1/chat/completions"],
    [
      "https://res.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
      "https://res.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
    ],
    ["https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1/chat/completions"],
    ["https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1/chat/completions"],
    [
      "https://generativelanguage.googleapis.com/v1beta/openai/",
      "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
    ],
    ["https://api.fireworks.ai/inference/v1/", "https://api.fireworks.ai/inference/v1/chat/completions"],
    ["http://localhost:8000", "http://localhost:8000/v1/chat/completions"],
    ["http://[::1]:8080/v1", "http://[::1]:8080/v1/chat/completions"],
  ])("chat at %s", (baseUrl, url) => {
    expect(chatUrl(baseUrl)).toBe(url);
  });

  it.each([
    ["https://api.anthropic.com", "https://api.anthropic.com/v1/messages"],
    ["https://api.anthropic.com/v1", "https://api.anthropic.com/v1/messages"],
    ["https://api.deepseek.com/anthropic", "https://api.deepseek.com/anthropic/v1/messages"],
    ["http://localhost:8000", "http://localhost:8000/v1/messages"],
  ])("messages at %s", (baseUrl, url) => {
    expect(messagesUrl(baseUrl)).toBe(url);
  });

  it.each([
    ["https://api.openai.com/v1", "https://api.openai.com/v1/responses"],
    [
      "https://r.example/openai/deployments/d?api-version=2025-04-01",
      "https://r.example/openai/responses?api-version=2025-04-01",
    ],
    ["https://gateway.example/deployments/d", "https://gateway.example/deployments/d/responses"],
  ])("responses at %s", (baseUrl, url) => {
    const base = parseBaseUrl(baseUrl);
    expect(base.origin + requestPath(base, openaiResponses)).toBe(url);
  });

  it.each([
    ["http://localhost:8000/v1", "/v1/score", "http://localhost:8000/v1/score"],
    ["http://localhost:8000", "/v1/score", "http://localhost:8000/v1/score"],
    ["http://localhost:8000", "/score", "http://localhost:8000/score"],
    ["http://localhost:8000/v1", "/v2/rerank", "http://localhost:8000/v2/rerank"],
    ["https://r.example/openai/v1?a=b", "/v1/images/generations", "https://r.example/openai/v1/images/generations?a=b"],
  ])("at %s the path %s is %s", (baseUrl, path, url) => {
    const base = parseBaseUrl(baseUrl);
    expect(base.origin + requestPath(base, plainJson(path))).toBe(url);
  });

  it.each([
    ["https://api.openai.com/v1", "api.openai.com:443"],
    ["http://localhost", "localhost:80"],
    ["http://127.0.0.1:11434/v1", "127.0.0.1:11434"],
  ])("names the host of %s with its port", (baseUrl, host) => {
    expect(parseBaseUrl(baseUrl).host).toBe(host);
  });

  it.each(Object.entries(presets))("has a usable base URL in the preset %s", (_name, { baseUrl, pathOfBareOrigin }) => {
    expect(chatUrl(baseUrl ?? `https://res.openai.azure.com${pathOfBareOrigin}`)).toMatch(
      /^https?:\/\/[^/]+\/.*v1.*\/chat\/completions$/,
    );
  });
});

describe("presets", () => {
  it("ask for a key wherever the service is not on this machine", () => {
    for (const { baseUrl = "https:", keyRequired, apiKeyVariable } of Object.values(presets)) {
      expect(keyRequired).toBe(baseUrl.startsWith("https:"));
      expect(apiKeyVariable ?? (keyRequired ? "none" : "X_API_KEY")).toMatch(/^[A-Z_]+_API_KEY$/);
    }
  });

  it("have an address, or a variable that holds one", () => {
    for (const { baseUrl, baseUrlVariable } of Object.values(presets)) expect(baseUrl ?? baseUrlVariable).toBeDefined();
  });

  it("have no names that were not given", () => {
    expect(presets["constructor"]).toBeUndefined();
    expect(presets["__proto__"]).toBeUndefined();
  });
});

describe("base URLs that cannot be used", () => {
  it.each(["", "api.openai.com/v1", "ftp://host/v1", "localhost:8000", "http://", "//host"])("%j is refused", (baseUrl) => {
    expect(() => parseBaseUrl(baseUrl)).toThrow(ConfigurationError);
  });

  it("is refused with a password in it, which is not shown", () => {
    expect(() => parseBaseUrl("https://user:hunter2@host/v1")).toThrow(/user name or password/);
    for (const text of ["https://user:hunter2@host/v1", "https://user:hunter2@host:99999/v1", "user:hunter2@host"]) {
      expect(() => parseBaseUrl(text)).toThrow(expect.not.objectContaining({ message: expect.stringContaining("hunter2") }));
    }
  });

  it("is refused when it names the endpoint already, and says what to leave out", () => {
    expect(() => parseBaseUrl("https://api.openai.com/v1/chat/completions")).toThrow("Leave /chat/completions out");
    expect(() => parseBaseUrl("https://api.anthropic.com/v1/messages/")).toThrow("Leave /messages out");
  });
});
