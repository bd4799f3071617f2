import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LoadedProviders, loadProviders, type LoadProvidersOptions } from "../../src/index.ts";
import { requestOf } from "../contracts/provider.ts";
import { closing } from "../support/closing.ts";
import type { ScriptedServer } from "../support/scripted-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Loads what a file with this configuration describes, for a program in an empty environment. */
export async function load(config: object, loading: LoadProvidersOptions = {}): Promise<LoadedProviders> {
  const configFile = join(temporaryFolder(), "config.json");
  writeFileSync(configFile, JSON.stringify(config));
  return closing(await loadProviders({ configFile, environment: {}, ...loading }));
}

export function modelsOf({ ledger }: ScriptedServer): string[] {
  return ledger.map(({ body }) => JSON.parse(body).model);
}

export function requestFor(model: string): ReturnType<typeof requestOf> {
  return { ...requestOf(JSON.stringify({ model, messages: [] })), model };
}
