import { type Environment, readEnvironment } from "../../config/environment.ts";
import { ConfigurationError } from "../../model/errors.ts";
import { type Preset, presets } from "../../providers/providers.ts";
import { baseUrlFromEnvironment, valueOf } from "../../setup/setup.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatTable } from "../terminal/text-table.ts";

/** `llmbatch providers`: lists the presets, and whether their keys are set. Shows no key. @returns the exit code. */
export function providersCommand(): number {
  process.stdout.write(describeProviders(readEnvironment()));
  return exitCodes.succeeded;
}

export function describeProviders(environment: Environment): string {
  const rows = Object.entries(presets).map(([name, preset]) => [
    name,
    addressOf(preset, environment),
    preset.apiKeyVariable ?? "-",
    keyState(preset, environment),
  ]);
  return formatTable([heading, ["mock", "(in this program)", "-", "not needed"], ...rows]);
}

const heading = ["NAME", "BASE URL", "KEY VARIABLE", "KEY"] as const;

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

/** Without user name, password and query, which may be credentials. */
function shownAddress(preset: Preset, environment: Environment): string {
  try {
    const { origin, pathname } = new URL(baseUrlFromEnvironment(preset, environment) ?? "");
    return origin + pathname;
  } catch (error) {
    if (error instanceof ConfigurationError) return "no address";
    throw error;
  }
}
