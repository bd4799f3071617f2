import { readEnvironment } from "../../config/environment.ts";
import { loadOptions } from "../../config/load-options.ts";
import type { Options } from "../../config/options.ts";
import { ConfigurationError } from "../../model/errors.ts";
import { presets } from "../../providers/providers.ts";
import { mockName, type OpenedProviders, openProviders } from "../../setup/setup.ts";
import { printError } from "../terminal/print-error.ts";
import { type CheckOutcome, checkProviders, type CheckTarget } from "./check-providers.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatTable } from "../terminal/text-table.ts";
import { redactSecrets } from "../terminal/redact-secrets.ts";

/**
 * `llmbatch check`: sends one tiny request with each key of each configured provider, and prints what works.
 *
 * @returns the exit code: 0 when all answered, 1 when not.
 * @throws ConfigurationError when one cannot be asked at all: no key, no model, no such preset.
 */
export async function checkCommand(flags: Readonly<Record<string, unknown>>, configFile: string | undefined): Promise<number> {
  const environment = readEnvironment();
  const options = loadOptions(flags, configFile, environment, printError);
  const impatient = withTimeout(options, maxProbeMs);
  const opened = await openProviders({ options: impatient, environment, needsOne: true, onWarning: printError });
  try {
    const targets = namesOf(options).flatMap((name) => probesOf(name, options, opened));
    const outcomes = await checkProviders(targets, new AbortController().signal);
    process.stdout.write(redactSecrets(formatTable([heading, ...outcomes.map(rowOf)])));
    return outcomes.every(({ ok }) => ok) ? exitCodes.succeeded : exitCodes.someFailed;
  } finally {
    await opened.provider.close();
  }
}

/** The provider that `--provider` names, or all of the configuration file. */
function namesOf({ provider, provider_is_named, providers }: Options): string[] {
  const configured = Object.keys(providers).filter((name) => providers[name]?.enabled !== false);
  return provider_is_named || configured.length === 0 ? [provider] : configured;
}

/** One for each key. */
function probesOf(name: string, options: Options, { targetsOf }: OpenedProviders): CheckTarget[] {
  const asked = options.model ?? firstModelOf(name, options);
  const config = options.providers[name];
  const path = pathOf(config === undefined ? options.base_url : config.base_url, config?.preset ?? name);
  const model = config?.models?.[asked] ?? asked;
  return targetsOf(name).map((target) => ({ name: target.name, provider: target.provider, model, path }));
}

/** The service's own API, at its own address. */
function pathOf(baseUrl: string | undefined, preset: string): string | undefined {
  return baseUrl === undefined ? presets[preset]?.ownPath : undefined;
}

function withTimeout(options: Options, maxMs: number): Options {
  const providers = Object.entries(options.providers).map(([name, config]) => {
    const { timeout = options.timeout } = config;
    return [name, { ...config, timeout: Math.min(timeout, maxMs) }] as const;
  });
  return { ...options, timeout: Math.min(options.timeout, maxMs), providers: Object.fromEntries(providers) };
}

/** The command is interactive: it does not wait for the 10 minutes of a run's `--timeout`. */
const maxProbeMs = 60_000;

const heading = ["NAME", "MODEL", "RESULT", "TIME", "ANSWERED BY, OR WHAT IS WRONG"] as const;

function rowOf({ name, model, ok, latencyMs, detail }: CheckOutcome): string[] {
  return [name, model, ok ? "ok" : "failed", `${Math.round(latencyMs)} ms`, detail];
}

/** The first that the configuration has for a provider. @throws ConfigurationError when it has none. */
function firstModelOf(name: string, { providers, routes }: Options): string {
  const config = providers[name];
  if ((config?.preset ?? name) === mockName) return "mock-chat";
  const [listed] = Object.keys(config?.models ?? {});
  const [routed] = Object.entries(routes).flatMap(([route, { to }]) =>
    to.filter(({ provider }) => provider === name).map(({ model = route }) => model),
  );
  const model = listed ?? routed;
  if (model !== undefined) return model;
  const remedy = config === undefined ? "" : `, list some in providers.${name}.models, or choose others with --provider`;
  throw new ConfigurationError(`check: name a model to ask ${name} for, such as --model gpt-5.4-mini${remedy}`);
}
