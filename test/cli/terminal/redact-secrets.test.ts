import { expect, it } from "vitest";
import { secretsOf } from "../../../src/cli/terminal/redact-secrets.ts";
import { presets } from "../../../src/providers/providers.ts";

it("takes for secrets the presets' keys, and what by name and length is one", () => {
  const environment = {
    OPENAI_API_KEY: " k123 \n",
    AZURE_OPENAI_API_KEY: "azure",
    TEAM_KEY: "0123456789abcdef",
    GITHUB_TOKEN: "0123456789abcdeg",
    DB_PASSWORD: "0123456789abcdeh",
    SHORT_KEY: "us",
    KEYBOARD: "0123456789abcdei",
    PATH: "/usr/local/bin:/usr/bin",
  };
  expect(secretsOf(environment)).toEqual(["k123", "azure", "0123456789abcdef", "0123456789abcdeg", "0123456789abcdeh"]);
});

it("knows the key of every preset by its variable's name, however short it is", () => {
  const variables = Object.values(presets).flatMap(({ apiKeyVariable }) => apiKeyVariable ?? []);
  expect(variables).not.toEqual([]);
  for (const variable of variables) expect(secretsOf({ [variable]: "k1" })).toEqual(["k1"]);
});
