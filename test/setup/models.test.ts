import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer, type ScriptedServer } from "../support/scripted-server.ts";
import { load, modelsOf } from "./configuration.ts";

async function servers(count: number): Promise<ScriptedServer[]> {
  return Promise.all(Array.from({ length: count }, () => serve(() => chatAnswer("fine"))));
}

const at = (server: ScriptedServer | undefined, more: object = {}): object => ({ base_url: `${server?.url}/v1`, ...more });

describe("a model that providers list is a route: each had to be written again under `routes`,", () => {
  it("in the order of the file, by the names that the providers have for it", async () => {
    const [down, a, b] = [await serve(() => errorAnswer(500)), ...(await servers(2))];
    const { manager } = await load({
      providers: {
        down: at(down, { models: ["x"] }),
        a: at(a, { models: { x: "x-at-a", only: "y" } }),
        b: at(b, { models: ["x", "z"] }),
      },
      retry_delay: 0.001,
    });
    for (const model of ["x", "only", "y", "z"]) await manager.complete("Hello", { model });
    expect([modelsOf(down), modelsOf(a ?? down), modelsOf(b ?? down)]).toEqual([["x"], ["x-at-a", "y", "y"], ["z"]]);
  });

  it("but for the provider that is named, which has it or may have any", async () => {
    const [a, b, c] = await servers(3);
    const providers = { a: at(a, { models: ["x"] }), b: at(b, { models: ["x", "y"] }), c: at(c) };
    const byB = await load({ provider: "b", providers });
    await byB.manager.complete("Hello", { model: "x" });
    const byC = await load({ provider: "c", providers });
    await byC.manager.complete("Hello", { model: "x" });
    const byA = await load({ provider: "a", providers });
    await byA.manager.complete("Hello", { model: "y" });
    await byA.manager.complete("Hello", { model: "new" });
    const calls = [a, b, c].map((server) => server?.ledger.map((call) => JSON.parse(call.body).model));
    expect(calls).toEqual([["new"], ["x", "y"], ["x"]]);
  });

  it("and a vendor's name before it asks that vendor only, also where another lists that very name", async () => {
    const [vendor, reseller] = await servers(2);
    const { manager } = await load({
      providers: { reseller: at(reseller, { models: ["vendor/x", "vendor/old"] }), vendor: at(vendor, { models: ["x"] }) },
    });
    await manager.complete("Hello", { model: "vendor/x" });
    await manager.complete("Hello", { model: "vendor/old" });
    expect([vendor, reseller].map((server) => server?.ledger.map((call) => JSON.parse(call.body).model))).toEqual([
      ["x"],
      ["vendor/old"],
    ]);
  });
});

it("a model that nobody has is said once in a failed line: the message named it twice", async () => {
  const [house] = await servers(1);
  const { manager } = await load({ providers: { house: at(house, { models: ["llama"] }) } });
  const [result] = await manager.processBatch([{ model: "lama", messages: [] }]);
  expect(result?.error).toMatchObject({
    code: "model_not_found",
    message: `Model 'lama' not found in any configured provider; did you mean "llama"?`,
  });
});

describe("the only provider of a file", () => {
  it("is the default: OpenAI was asked", async () => {
    const [house] = await servers(1);
    const off = at(house, { enabled: false });
    const { manager } = await load({ providers: { off, house: at(house) } });
    await expect(manager.complete("Hello", { model: "any" })).resolves.toMatchObject({ text: "fine" });
  });

  it("that lists its models is asked for no other, unless it is named", async () => {
    const [house] = await servers(1);
    const { manager } = await load({ providers: { house: at(house, { models: ["llama-8b"] }) } });
    await expect(manager.complete("Hello", { model: "lama-8b" })).rejects.toThrow(
      `Model 'lama-8b' not found in any configured provider; did you mean "llama-8b"?`,
    );
    await expect(manager.complete("Hello", { model: "other" })).rejects.toThrow("; there are: llama-8b");
    await manager.complete("Hello", { model: "house/new" });
    expect(house?.ledger.map((call) => JSON.parse(call.body).model)).toEqual(["new"]);
  });
});

it("a provider that is switched off is asked in no case, and its routes go on without it", async () => {
  const [off, on] = await servers(2);
  const said: string[] = [];
  const { manager } = await load(
    {
      providers: { off: at(off, { enabled: false, models: ["x"] }), on: at(on, { models: ["x"] }) },
      routes: { r: { to: [{ provider: "off" }, { provider: "on" }] } },
    },
    { onWarning: (message) => said.push(message) },
  );
  await manager.complete("Hello", { model: "x" });
  await manager.complete("Hello", { model: "r" });
  await expect(manager.complete("Hello", { model: "x", provider: "off" })).rejects.toThrow(/"off" is switched off/);
  expect([off?.ledger, on?.ledger.length, said]).toEqual([[], 2, []]);
});
