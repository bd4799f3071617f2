import { expect, it } from "vitest";
import { checkProviders } from "../../../src/cli/commands/check-providers.ts";
import { createHttpProvider } from "../../../src/providers/providers.ts";
import { closing, serve } from "../../support/closing.ts";
import { chatAnswer } from "../../support/scripted-server.ts";

it("probes at most 8 keys at once, and tells of each in the order in which they are named", async () => {
  let open = 0;
  let maxOpen = 0;
  const server = await serve(async ({ path }) => {
    if (path === "/settled") return chatAnswer();
    open += 1;
    maxOpen = Math.max(maxOpen, open);
    await server.until(() => maxOpen >= 8);
    await fetch(`${server.url}/settled`); // behind every probe that was sent with these
    open -= 1;
    return chatAnswer("OK");
  });
  const targets = Array.from({ length: 20 }, (_, n) => ({
    name: `key ${n + 1}`,
    provider: closing(createHttpProvider({ name: "house", baseUrl: server.url, apiKey: `key-${n}` })),
    model: "m",
  }));
  const outcomes = await checkProviders(targets, new AbortController().signal);
  expect(outcomes.map(({ name, ok }) => `${name} ${ok}`)).toEqual(targets.map(({ name }) => `${name} true`));
  expect(maxOpen).toBe(8);
});
