import { readEnvironment } from "../../config/environment.ts";
import { loadOptions } from "../../config/load-options.ts";
import { defaultProvider, namedModels } from "../../config/model-routes.ts";
import type { Options } from "../../config/options.ts";
import type { RouteConfig } from "../../config/provider-config.ts";
import { exitCodes } from "../exit-codes.ts";
import { printError } from "../terminal/print-error.ts";
import { formatTable } from "../terminal/text-table.ts";

/** `llmbatch models`: lists routes and aliases, and who serves them. @returns the exit code. */
export function modelsCommand(flags: Readonly<Record<string, unknown>>, configFile: string | undefined): number {
  process.stdout.write(describeModels(loadOptions(flags, configFile, readEnvironment(), printError)));
  return exitCodes.succeeded;
}

function describeModels(options: Options): string {
  const rows = [...namedModels(options)].flatMap(([model, route]) => rowsOf(model, route, options));
  const byDefault = defaultProvider(options);
  return formatTable([heading, ...rows, ...(byDefault === undefined ? [] : [["(any other)", byDefault, "(the same)", "-"]])]);
}

const heading = ["MODEL", "PROVIDER", "ITS NAME THERE", "CHOSEN BY"] as const;

/** One for each provider of the route; the model is named in the first. */
function rowsOf(model: string, { strategy, to }: RouteConfig, { providers }: Options): string[][] {
  const steps = to.filter(({ provider }) => providers[provider]?.enabled !== false);
  return steps.map(({ provider, model: name = model }, index) => {
    const there = providers[provider]?.models?.[name] ?? name;
    return [index === 0 ? model : "", provider, there, steps.length === 1 ? "-" : strategy];
  });
}
