import { type Environment, readEnvironment } from "../../config/environment.ts";
import { loadOptions } from "../../config/load-options.ts";
import type { Options } from "../../config/options.ts";
import type { ProviderConfig } from "../../config/provider-config.ts";
import { ConfigurationError } from "../../model/errors.ts";
import { type Preset, presets } from "../../providers/providers.ts";
import { baseUrlFromEnvironment, mockName, valueOf } from "../../setup/setup.ts";
import { maskAddresses } from "../../text/mask-addresses.ts";
import { exitCodes } from "../exit-codes.ts";
import { printError } from "../terminal/print-error.ts";
import { formatTable } from "../terminal/text-table.ts";

/** `llmbatch providers`: lists providers and presets, and whether their keys are set. Shows no key. @returns the exit code. */
export function providersCommand(flags: Readonly<Record<string, unknown>>, configFile: string | undefined): number {
  const environment = readEnvironment();
  const { providers } = loadOptions(flags, configFile, environment, printError);
  process.stdout.write(describeProviders(environment, providers));
  return exitCodes.succeeded;
}

/** @param configured Those of the configuration, which come first and take the places of presets of their names. */
export function describeProviders(environment: Environment, configured: Options["providers"] = {}): string {
  const own = Object.entries(configured).map(([name, config]) => configuredRow(name, config, environment));
  const known = Object.entries(presets).map(([name, preset]) => [name].concat(presetCells(preset, environment)));
  const others = [["mock", ...mockCells], ...known].filter(([name = ""]) => configured[name] === undefined);
  if (own.length === 0) return formatTable([heading, ...others]);
  return formatTable([
    [...heading, "FROM"],
    ...own.map((row) => row.concat("configuration")),
    ...others.map((row) => row.concat("preset")),
  ]);
}

const heading = ["NAME", "BASE URL", "KEY VARIABLE", "KEY"] as const;
const mockCells = ["(in this program)", "-", "not needed"] as const;

function presetCells(preset: Preset, environment: Environment): string[] {
  return [addressOf(preset, environment), preset.apiKeyVariable ?? "-", keyState(preset, environment)];
}

function configuredRow(name: string, config: ProviderConfig, environment: Environment): string[] {
  const { api_keys: keys = [], base_url: baseUrl, enabled } = config;
  const presetName = config.preset ?? name;
  const preset = presets[presetName];
  const ofPreset = presetName === mockName ? mockCells : preset && presetCells(preset, environment);
  const [address = "no address", variable = "-", state = "not needed"] = ofPreset ?? [];
  const isSet = keys.filter(({ variable: holder }) => holder === undefined || valueOf(holder, environment) !== undefined);
  const ownState = keys.length > 1 ? `${isSet.length} of ${keys.length} set` : setOrNot(isSet.length === 1);
  // An address of one's own may do without.
  const unkeyed = baseUrl !== undefined && state === "not set" ? "not needed" : state;
  const keyed = keys.length > 0 ? ownState : unkeyed;
  return [
    name,
    baseUrl === undefined ? address : masked(baseUrl),
    keys.length === 0 ? variable : keys.map((key) => key.variable ?? "(in the file)").join(", "),
    enabled === false ? "switched off" : keyed,
  ];
}

function setOrNot(isSet: boolean): string {
  return isSet ? "set" : "not set";
}

function keyState({ apiKeyVariable, keyRequired }: Preset, environment: Environment): string {
  if (valueOf(apiKeyVariable, environment) !== undefined) return "set";
  return keyRequired ? "not set" : "not needed";
}

function addressOf(preset: Preset, environment: Environment): string {
  const { baseUrl, baseUrlVariable } = preset;
  const given = valueOf(baseUrlVariable, environment);
  if (given !== undefined) return `${shownAddress(preset, environment)} (${baseUrlVariable})`;
  return baseUrl ?? `set ${baseUrlVariable}`;
}

function shownAddress(preset: Preset, environment: Environment): string {
  try {
    return masked(baseUrlFromEnvironment(preset, environment) ?? "");
  } catch (error) {
    if (error instanceof ConfigurationError) return "no address";
    throw error;
  }
}

function masked(address: string): string {
  return URL.canParse(address) ? maskAddresses(address) : "no address";
}
