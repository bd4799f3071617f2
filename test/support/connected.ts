import { createHttpProvider, type HttpProviderOptions, type Provider } from "../../src/providers/providers.ts";
import { closing, serve } from "./closing.ts";
import type { Script, ScriptedServer } from "./scripted-server.ts";

/** A provider that sends over HTTP, until the test is over. */
export function connect(baseUrl: string, options: Partial<HttpProviderOptions> = {}): Provider {
  return closing(createHttpProvider({ name: "test", baseUrl, ...options }));
}

/** A scripted server, and a provider that sends to it. */
export async function connected(
  script: Script,
  options: Partial<HttpProviderOptions> = {},
): Promise<{ server: ScriptedServer; provider: Provider }> {
  const server = await serve(script);
  return { server, provider: connect(server.url, options) };
}
