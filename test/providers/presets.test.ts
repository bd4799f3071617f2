import { describe } from "vitest";
import { createProvider, presets } from "../../src/providers/providers.ts";
import { providerContract } from "../contracts/provider.ts";

/** Each service, but for where it is: its key, its headers, its paths and how it counts are its own. */
describe.each(Object.entries(presets))("the preset %s", (name, { baseUrl, pathOfBareOrigin = "" }) => {
  const path = baseUrl === undefined ? pathOfBareOrigin : new URL(baseUrl).pathname.replace(/\/$/, "");
  providerContract((url) => createProvider(name, { baseUrl: url + path, apiKey: "sk-contract-0123" }), 10);
});
