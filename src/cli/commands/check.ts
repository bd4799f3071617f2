import { readEnvironment } from "../../config/environment.ts";
import { loadOptions } from "../../config/load-options.ts";
import type { Options } from "../../config/options.ts";
import { UsageError } from "../../model/errors.ts";
import { presets } from "../../providers/provider.ts";
import { type CheckOutcome, checkProviders, type CheckTarget } from "../check-providers.ts";
import { exitCodes } from "../exit-codes.ts";
import { mockName, openProvider } from "../open-provider.ts";
import { formatTable } from "../text-table.ts";
import { withoutSecrets } from "../without-secrets.ts";

/**
 * `llmbatch check`: asks each configured provider one tiny question, and says what works.
 *
 * @returns the exit code: 0 when all answered, 1 when not.
 * @throws UsageError when one cannot be asked at all: no key, no model, no such preset.
 */
export async function checkCommand(flags: Readonly<Record<string, unknown>>, configFile: string | undefined): Promise<number> {
  const environment = readEnvironment();
  const options = loadOptions(flags, configFile, environment);
  const model = modelOf(options);
  const provider = await openProvider({ ...options, timeout: Math.min(options.timeout, patienceMs) }, environment);
  const path = options.base_url === undefined ? presets[options.provider]?.ownPath : undefined;
  const targets: CheckTarget[] = [{ name: options.provider, provider, model, ...(path !== undefined && { path }) }];
  try {
    const outcomes = await checkProviders(targets, new AbortController().signal);
    process.stdout.write(withoutSecrets(formatTable([heading, ...outcomes.map(rowOf)])));
    return outcomes.every(({ ok }) => ok) ? exitCodes.succeeded : exitCodes.someFailed;
  } finally {
    for (const target of targets) await target.provider.close();
  }
}

/** Someone sits there and waits. */
const patienceMs = 60_000;

const heading = ["NAME", "MODEL", "RESULT", "TIME", "ANSWERED BY, OR WHAT IS WRONG"] as const;

function rowOf({ name, model, ok, latencyMs, detail }: CheckOutcome): string[] {
  return [name, model, ok ? "ok" : "failed", `${Math.round(latencyMs)} ms`, detail];
}

function modelOf({ model, provider }: Options): string {
  if (model !== undefined) return model;
  if (provider === mockName) return "mock-chat";
  throw new UsageError("check: name a model to ask, such as --model gpt-5.4-mini");
}
