import { z } from "zod";
import { ConfigurationError } from "../model/errors.ts";

/** @param name Of what is parsed, for messages. @throws ConfigurationError naming each member that is wrong. */
export function parseWith<Value>(schema: z.ZodType<Value>, value: unknown, name: string): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${[name, ...path].join(".")}: ${message}`);
  throw new ConfigurationError(issues.join("; "));
}
