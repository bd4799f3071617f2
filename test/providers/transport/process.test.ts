import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { serve } from "../../support/closing.ts";

const provider = JSON.stringify(join(import.meta.dirname, "../../../dist/index.js"));

/** Runs a program that has a provider for `url` and the function `send`; ends only when nothing keeps it alive. */
async function run(url: string, lines: string): Promise<string> {
  const program = `
    const { createHttpProvider } = await import(${provider});
    const provider = createHttpProvider({ name: "test", baseUrl: "${url}", allowHttp: true });
    const request = { kind: "request", lineNumber: 1, customId: "a", path: "/v1/chat/completions", model: "m", body: "{}" };
    const send = () => provider.send(request, { signal: new AbortController().signal });
    ${lines}
  `;
  return (await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program])).stdout;
}

describe("a program with a provider", () => {
  it("is not kept alive by one that was not closed, once there is nothing to wait for", async () => {
    const server = await serve();
    expect(await run(server.url, "console.log((await send()).ok);")).toBe("true\n");
  });

  it("loads of undici what a request needs, and not its fetch", async () => {
    const server = await serve();
    const lines = `
      const { createRequire } = await import("node:module");
      await send();
      const loaded = Object.keys(createRequire(${provider}).cache).filter((path) => path.includes("/undici/"));
      console.log(loaded.some((path) => path.endsWith("/client.js")), loaded.some((path) => path.includes("/fetch/")));
    `;
    expect(await run(server.url, lines)).toBe("true false\n");
  });

  it("is not kept alive by what one that was closed was connecting to", async () => {
    const lines = `
      const sent = send();
      const before = performance.now();
      setTimeout(() => provider.close(), 50);
      console.log((await sent).ok);
      process.on("exit", () => console.log(performance.now() - before < 9_000));
    `;
    expect(await run("http://192.0.2.1:9/v1", lines)).toBe("false\ntrue\n");
  });
});
