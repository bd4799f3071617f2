import { type Environment, readEnvironment } from "../../config/environment.ts";
import { loadOptions } from "../../config/load-options.ts";
import type { Options } from "../../config/options.ts";
import { UsageError } from "../../model/errors.ts";
import { presets } from "../../providers/provider.ts";
import { mockName, openPlaces, openProviders } from "../../setup/setup.ts";
import { complain } from "../complain.ts";
import { type CheckOutcome, checkProviders, type CheckTarget } from "../check-providers.ts";
import { exitCodes } from "../exit-codes.ts";
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
  const targets = await openTargets({ ...options, timeout: Math.min(options.timeout, patienceMs) }, environment);
  try {
    const outcomes = await checkProviders(targets, new AbortController().signal);
    process.stdout.write(withoutSecrets(formatTable([heading, ...outcomes.map(rowOf)])));
    return outcomes.every(({ ok }) => ok) ? exitCodes.succeeded : exitCodes.someFailed;
  } finally {
    for (const target of targets) await target.provider.close();
  }
}

/** The one that `--provider` names, or all that the configuration file does; each key by itself. */
async function openTargets(options: Options, environment: Environment): Promise<CheckTarget[]> {
  const configured = Object.keys(options.providers);
  const names = options.provider_is_named || configured.length === 0 ? [options.provider] : configured;
  const targets: CheckTarget[] = [];
  for (const name of names) targets.push(...(await openNamed(name, options, environment)));
  return targets;
}

async function openNamed(name: string, options: Options, environment: Environment): Promise<CheckTarget[]> {
  const asked = modelOf(options);
  const config = options.providers[name];
  if (config === undefined) {
    const alone = { ...options, provider_is_named: true, routes: {}, providers: {} };
    const { provider } = await openProviders({ options: alone, environment, needsOne: true, onEvicted: complain });
    return [{ name, provider, model: asked, ...pathOf(options.base_url, name) }];
  }
  const path = pathOf(config.base_url, config.preset ?? name);
  const model = config.models?.[asked] ?? asked;
  const places = openPlaces(name, options, environment, undefined);
  return places.map((place): CheckTarget => Object.assign({ name: place.name, provider: place.provider, model }, path));
}

/** The API that a service has as its own, at its own address. */
function pathOf(baseUrl: string | undefined, preset: string): { path?: string } {
  const path = baseUrl === undefined ? presets[preset]?.ownPath : undefined;
  return path === undefined ? {} : { path };
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
