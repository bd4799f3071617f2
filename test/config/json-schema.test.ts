import { expect, test } from "vitest";
import { configJsonSchema } from "../../src/config/json-schema.ts";
import { optionTable } from "../../src/config/option-table.ts";

test("editors know every option of the configuration file, and what stands below providers and routes", () => {
  const { properties, additionalProperties } = configJsonSchema();
  expect(additionalProperties).toBe(false);
  expect(properties).toMatchObject(Object.fromEntries(optionTable.map(({ key, description }) => [key, { description }])));
  expect(properties).toMatchObject({
    $schema: { type: "string" },
    providers: { additionalProperties: { properties: { api_keys: { type: "array" }, limits: { type: "array" } } } },
    routes: { additionalProperties: { properties: { strategy: { enum: ["order", "cheapest", "least-loaded", "weighted"] } } } },
  });
});
