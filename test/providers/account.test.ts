import { expect, test } from "vitest";
import { createHttpProvider, type HttpProviderOptions } from "../../src/providers/providers.ts";

function accountOf(options: Partial<HttpProviderOptions> = {}): string {
  const account = createHttpProvider({
    name: "any",
    baseUrl: "https://api.example.com/v1",
    apiKey: "sk-secret-1",
    ...options,
  }).account;
  return account ?? "none";
}

test("names the address and the key, alike on every machine, without telling the key", () => {
  expect(accountOf()).toMatch(/^api\.example\.com\/v1#[0-9a-f]{16}$/);
  expect(accountOf({ name: "other", headers: { "x-trace": "of this machine" }, timeoutMs: 7 })).toBe(accountOf());
  expect(accountOf({ baseUrl: "https://api.example.com/v1/" })).toBe(accountOf());
});

test.each<Partial<HttpProviderOptions>>([
  { apiKey: "sk-secret-2" },
  { baseUrl: "https://api.example.com/v2" },
  { headers: { "OpenAI-Organization": "org-1" } },
  { headers: { "x-api-key": "another" } },
  { baseUrl: "https://api.example.com/v1?key=another" },
])("another account: %j", (options) => {
  expect(accountOf(options)).not.toBe(accountOf());
});

test("headers count in any order", () => {
  const [one, two] = [
    ["x-api-key", "a"],
    ["Authorization", "Bearer b"],
  ] as const;
  expect(accountOf({ headers: Object.fromEntries([one, two]) })).toBe(accountOf({ headers: Object.fromEntries([two, one]) }));
});
