import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type RequestLike, RequestManager, type RequestManagerOptions, createProvider } from "../../src/index.ts";
import { closing, serve } from "../support/closing.ts";
import { chatAnswer, type ScriptedServer } from "../support/scripted-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function managed(options: Partial<RequestManagerOptions>): Promise<{ manager: RequestManager; server: ScriptedServer }> {
  const server = await serve(() => chatAnswer("fine"));
  const provider = createProvider("openai", { apiKey: "k", baseUrl: `${server.url}/v1` });
  return { server, manager: closing(new RequestManager({ provider, model: "m", ...options })) };
}

const withPart = (part: object): RequestLike => ({ messages: [{ role: "user", content: [part] }] });
const imageAt = (url: string): object => ({ type: "image_url", image_url: { url } });

it("members for all bodies are a plain object; a request's own win", async () => {
  const { manager, server } = await managed({ defaults: { temperature: 0.5, stop: ["a"], seed: undefined } });
  await manager.complete("Hello");
  await manager.complete("Hello", { temperature: 1 });
  expect(server.ledger.map((call) => call.json())).toMatchObject([{ temperature: 0.5, stop: ["a"] }, { temperature: 1 }]);
  expect(server.ledger[0]?.json()).not.toHaveProperty("seed");
});

describe("a route hook", () => {
  it("chooses the model by what a request holds, in a batch and alone", async () => {
    const { manager, server } = await managed({
      route: ({ body, model }) => (JSON.stringify(body).includes("image_url") ? { model: "seeing" } : `${model}-text`),
    });
    await manager.processBatch(["Hello", withPart(imageAt("https://example.com/p.png"))]);
    await manager.complete("Hello");
    expect(server.ledger.map((call) => JSON.parse(call.body).model).toSorted()).toEqual(["m-text", "m-text", "seeing"]);
  });

  it("that throws costs its own request only", async () => {
    const { manager, server } = await managed({
      route: ({ body }) => {
        if (JSON.stringify(body).includes("Two")) throw new Error("no rule for it");
        return undefined;
      },
    });
    const results = await manager.processBatch(["One", "Two", "Three"]);
    expect(results).toMatchObject([
      { status: "succeeded" },
      { status: "failed", failure: { kind: "internal", message: expect.stringContaining("no rule for it") } },
      { status: "succeeded" },
    ]);
    expect(server.ledger).toHaveLength(2);
  });
});

describe("local files", () => {
  it("are sent from the folder that allowFiles names: a program had no such option", async () => {
    const folder = temporaryFolder();
    const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
    writeFileSync(join(folder, "p.png"), png);
    const { manager, server } = await managed({ allowFiles: folder });
    const results = await manager.processBatch([withPart(imageAt("@p.png")), withPart(imageAt("@../p.png"))]);
    expect(results.map(({ status }) => status)).toEqual(["succeeded", "failed"]);
    expect(server.ledger[0]?.body).toContain(`data:image/png;base64,${png.toString("base64")}`);
    const { manager: without } = await managed({});
    await expect(without.processBatch([withPart(imageAt("@p.png"))])).resolves.toMatchObject([{ status: "failed" }]);
    await expect(managed({ allowFiles: join(folder, "none") })).rejects.toThrow(/there is no such file or directory/);
  });
});
