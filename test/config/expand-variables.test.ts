import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expandVariables } from "../../src/config/secrets/expand-variables.ts";
import { loadOptions } from "../../src/config/load-options.ts";
import type { Options } from "../../src/config/options.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

function optionsOf(config: object, environment: Record<string, string>): Options {
  const file = join(temporaryFolder(), "config.json");
  writeFileSync(file, JSON.stringify(config));
  return loadOptions({}, file, environment);
}

describe('"${NAME}" in the configuration file', () => {
  it("is the variable's value, wherever it stands in a text: it was sent as it was written", () => {
    const environment = { HOST: "api.example.com", TEAM: "research", RPM: "60", KEY: "key-of-the-house", LIMIT: "5" };
    const house = {
      base_url: "https://${HOST}/v1",
      headers: { "x-team": "${TEAM}-${TEAM}" },
      limits: ["requests=${LIMIT}/1m"],
      api_keys: ["${KEY}", "$KEY", "env:KEY", "not-${KEY}", "$key"],
    };
    const options = optionsOf({ rpm: "${RPM}", cache_path: "/tmp/${TEAM}.sqlite", providers: { house } }, environment);
    expect(options).toMatchObject({ rpm: 60, cache_path: "/tmp/research.sqlite" });
    expect(options.providers["house"]).toMatchObject({
      base_url: "https://api.example.com/v1",
      headers: { "x-team": "research-research" },
      limits: [{ unit: "requests", amount: 5 }],
    });
    const revealed = options.providers["house"]?.api_keys?.map((key) => () => key.reveal({ ...environment, key: "lower" }));
    expect(revealed?.map((reveal) => reveal())).toEqual([
      ...Array.from({ length: 3 }, () => "key-of-the-house"),
      "not-key-of-the-house",
      "lower",
    ]);
    expect(JSON.stringify(options)).not.toContain("key-of-the-house");
  });

  it.each([
    [{ rpm: "${NOT_SET}" }, 'config.json: "rpm": the environment variable NOT_SET is not set'],
    [
      { providers: { a: { headers: { b: "${NOT_SET}" } } } },
      '"providers".a.headers.b: the environment variable NOT_SET is not set',
    ],
    [{ header: ["a: b", "c: ${EMPTY}"] }, '"header"[1]: the environment variable EMPTY is not set'],
  ])("that is not set is named, and where it stands: %j", (config, words) => {
    expect(() => optionsOf(config, { EMPTY: " " })).toThrow(words);
  });

  it("is not shown with its value where that is wrong: it may be a secret", () => {
    expect(() => optionsOf({ rpm: "${KEY}" }, { KEY: "sk-canary" })).toThrow(
      'config.json: "rpm": expected a whole number above 0, not "${KEY}"',
    );
  });

  it("may be unset for a key that no request needs", () => {
    expect(() => optionsOf({ providers: { spare: { api_keys: ["${NOT_SET}"] } } }, {})).not.toThrow();
  });

  it("changes no text without one, and puts values in as they are", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string({ minLength: 1 }).filter((value) => value.trim() === value),
        (text, value) => {
          const harmless = text.replaceAll("${", "$ {");
          expect(expandVariables(harmless, {}, "")).toBe(harmless);
          expect(expandVariables(`${harmless}\${V}`, { V: value }, "")).toBe(harmless + value);
        },
      ),
    );
  });
});
