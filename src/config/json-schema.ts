import { z } from "zod";
import { optionTable } from "./option-table.ts";
import { optionsSchema } from "./options.ts";

const descriptions: Readonly<Record<string, string>> = {
  ...Object.fromEntries(optionTable.map(({ key, description }) => [key, description])),
  providers: "providers by name: address, keys, limits, names of models",
  routes: "for each model, the providers that serve it, and how one is chosen",
  prices: "US dollars for a million tokens, by model or by provider/model",
  clients: "clients of `llmbatch serve` by name: token, share, limits, budget, models",
};

/** The JSON Schema of the configuration file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(optionsSchema, { io: "input", unrepresentable: "any" });
  const properties = Object.entries(schema.properties ?? {}).map(([key, property]) => [
    key,
    typeof property === "object" ? { description: descriptions[key], ...property } : property,
  ]);
  return {
    ...schema,
    title: "llmbatch.config.json",
    properties: { $schema: { type: "string" }, ...Object.fromEntries(properties) },
  };
}
