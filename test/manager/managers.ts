import { createProvider, RequestManager, type RequestManagerOptions } from "../../src/index.ts";
import { closing, serve } from "../support/closing.ts";
import type { Script, ScriptedServer } from "../support/scripted-server.ts";

export interface Managers {
  readonly server: ScriptedServer;
  readonly createManager: (options?: Partial<RequestManagerOptions>) => RequestManager;
}

/** A scripted server, and as many managers that ask it as a test wants. @param defaults Of each manager's options. */
export async function serveManagers(script: Script, defaults: Partial<RequestManagerOptions> = {}): Promise<Managers> {
  const server = await serve(script);
  const createManager = (options: Partial<RequestManagerOptions> = {}): RequestManager => {
    const provider = createProvider("openai", { baseUrl: `${server.url}/v1`, apiKey: "sk-library" });
    return closing(new RequestManager({ provider, model: "m", ...defaults, ...options }));
  };
  return { server, createManager };
}
