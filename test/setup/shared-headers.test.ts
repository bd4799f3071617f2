import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import type { ScriptedServer } from "../support/scripted-server.ts";
import { load } from "./configuration.ts";

function headersAt({ ledger }: ScriptedServer, name: string): unknown[] {
  return ledger.map(({ headers }) => headers[name]);
}

describe("headers for all requests", () => {
  it.each([
    ["authorization", "Bearer canary"],
    ["x-custom-key", "canary"],
    ["x-team", "Basic canary"],
  ])("that hold a credential (%s: %s) reach the named provider alone, the others reach all", async (name, value) => {
    const [house, other] = [await serve(), await serve()];
    const { manager } = await load({
      provider: "house",
      providers: { house: { base_url: `${house.url}/v1` }, other: { base_url: `${other.url}/v1` } },
      header: [`${name}: ${value}`, "x-study: 7"],
      model: "m",
    });
    await manager.complete("Hello");
    await manager.complete("Hello", { provider: "other" });
    expect([headersAt(house, name), headersAt(house, "x-study")]).toEqual([[value], ["7"]]);
    expect([headersAt(other, name), headersAt(other, "x-study")]).toEqual([[undefined], ["7"]]);
  });

  it("that hold a credential are refused where several providers are configured and none is named", async () => {
    const providers = { house: { base_url: "http://127.0.0.1:1/v1" }, other: { base_url: "http://127.0.0.1:2/v1" } };
    const loading = load({ providers, header: "Authorization: Bearer canary" });
    await expect(loading).rejects.toThrow(/^header: "Authorization" is a credential, .* Name one with --provider/);
    await expect(loading).rejects.not.toThrow("canary");
  });

  it("that hold a credential do not reach a provider that a model's name begins with", async () => {
    const [own, foreign] = [await serve(), await serve()];
    const environment = { OPENAI_BASE_URL: `${own.url}/v1`, ANTHROPIC_BASE_URL: foreign.url, ANTHROPIC_API_KEY: "foreign" };
    const { manager } = await load(
      { header: "Authorization: Bearer canary" },
      { environment: { ...environment, OPENAI_API_KEY: "k" } },
    );
    await manager.complete("Hello", { model: "m" });
    await manager.complete([{ role: "user", content: "Hello" }], { model: "anthropic/m" });
    expect(headersAt(own, "authorization")).toEqual(["Bearer canary"]);
    expect(foreign.ledger).toHaveLength(1);
    expect(JSON.stringify(foreign.ledger.map(({ headers }) => headers))).not.toContain("canary");
  });
});
