import { describe, expect, it } from "vitest";
import { readPresetSettings } from "../../src/setup/preset-settings.ts";
import { type Preset, presets } from "../../src/providers/providers.ts";

function settingsOf(
  provider: string,
  environment: Record<string, string>,
  options: { base_url?: string; api_key_env?: string } = {},
): ReturnType<typeof readPresetSettings> {
  return readPresetSettings({ provider, ...options }, presetNamed(provider), environment);
}

function presetNamed(name: string): Preset {
  const preset = presets[name];
  if (preset === undefined) throw new Error(`no preset ${name}`);
  return preset;
}

const openaiKey = { OPENAI_API_KEY: "sk-1234" };

describe("the base URL from a variable", () => {
  it("is that of the service's own SDK", () => {
    expect(settingsOf("openai", { ...openaiKey, OPENAI_BASE_URL: " https://gateway.example/v1 " }).baseUrl).toBe(
      "https://gateway.example/v1",
    );
    expect(settingsOf("anthropic", { ANTHROPIC_BASE_URL: "https://gateway.example" }).baseUrl).toBe("https://gateway.example");
    expect(settingsOf("openai", { ...openaiKey, OPENAI_BASE_URL: "", ANTHROPIC_BASE_URL: "https://x" }).baseUrl).toBeUndefined();
  });

  it("gives way to the user's own", () => {
    const environment = { ...openaiKey, OPENAI_BASE_URL: "https://gateway.example/v1" };
    expect(settingsOf("openai", environment, { base_url: "https://mine.example/v1" }).baseUrl).toBe("https://mine.example/v1");
  });

  it.each([
    ["https://res.openai.azure.com", "https://res.openai.azure.com/openai/v1"],
    ["https://res.openai.azure.com/", "https://res.openai.azure.com/openai/v1"],
    ["https://res.openai.azure.com?api-version=preview", "https://res.openai.azure.com/openai/v1?api-version=preview"],
    ["https://res.openai.azure.com/openai/v1/", "https://res.openai.azure.com/openai/v1/"],
    [
      "https://res.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
      "https://res.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
    ],
  ])("of Azure, %s, is %s", (endpoint, baseUrl) => {
    const settings = settingsOf("azure", { AZURE_OPENAI_API_KEY: "azure-key", AZURE_OPENAI_ENDPOINT: endpoint });
    expect(settings).toMatchObject({ baseUrl, apiKey: "azure-key" });
  });

  it("is asked for by name where the service has none for all", () => {
    expect(() => settingsOf("azure", { AZURE_OPENAI_API_KEY: "azure-key" })).toThrow(/AZURE_OPENAI_ENDPOINT.*--base-url/);
  });

  it("is refused by name when it is none, and not shown", () => {
    expect(() => settingsOf("openai", { ...openaiKey, OPENAI_BASE_URL: "sk-pasted-in-the-wrong-place" })).toThrow(
      "the environment variable OPENAI_BASE_URL holds no address such as https://api.example.com/v1",
    );
  });
});

describe("the key", () => {
  it("is needed by the service itself, and by Azure wherever it is, not by another server", () => {
    expect(() => settingsOf("openai", {})).toThrow(/OPENAI_API_KEY is not set/);
    expect(() => settingsOf("azure", { AZURE_OPENAI_ENDPOINT: "https://r.example" })).toThrow(/AZURE_OPENAI_API_KEY is not set/);
    expect(settingsOf("openai", { OPENAI_BASE_URL: "https://gateway.example/v1" }).apiKey).toBeUndefined();
    expect(settingsOf("openai", {}, { base_url: "https://gateway.example/v1" }).apiKey).toBeUndefined();
  });

  it("named by a variable that is not there is missed, by name", () => {
    expect(() => settingsOf("openai", openaiKey, { api_key_env: "TEAM_KEY" })).toThrow(
      /TEAM_KEY that --api-key-env names is not set/,
    );
  });

  it.each(["sk-proj-canary_123", "gsk_canary123", "CANARY0123456789", "hf_canary", "canary"])(
    "is not shown when it stands where its variable's name belongs: %s",
    (key) => {
      expect(() => settingsOf("openai", openaiKey, { api_key_env: key })).toThrow(/the name of a variable, not the key itself/);
      expect(() => settingsOf("openai", openaiKey, { api_key_env: key })).not.toThrow(/canary/i);
    },
  );
});

describe("headers from variables", () => {
  const environment = { ...openaiKey, OPENAI_ORG_ID: "org-1", OPENAI_PROJECT_ID: "proj_1" };

  it("are OpenAI's organization and project", () => {
    expect(settingsOf("openai", environment).headers).toEqual({ "openai-organization": "org-1", "openai-project": "proj_1" });
  });

  it("go to no other address", () => {
    expect(settingsOf("openai", environment, { base_url: "https://mine.example/v1" }).headers).toBeUndefined();
    expect(settingsOf("groq", { ...environment, GROQ_API_KEY: "gsk_1234" }).headers).toEqual({});
  });
});
