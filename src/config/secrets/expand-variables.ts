import { isJsonObject } from "../../json/json-value.ts";
import { ConfigurationError } from "../../model/errors.ts";
import type { Environment } from "../environment.ts";
import { masked } from "../../text/mask-addresses.ts";

/**
 * A text with the values of the environment variables that it names as `${NAME}`.
 *
 * @param where For the message: what the text is, or where it stands.
 * @throws ConfigurationError naming a variable that is not set, or empty.
 */
export function expandVariables(text: string, environment: Environment, where: string): string {
  if (text.includes(masked))
    throw new ConfigurationError(
      `${where}: it was hidden when this configuration was printed; write "\${NAME}", a variable that holds it`,
    );
  return text.replaceAll(/\$\{([A-Za-z_]\w*)\}/g, (_, name: string) => {
    const value = environment[name]?.trim();
    if (value === undefined || value === "")
      throw new ConfigurationError(`${where}: the environment variable ${name} is not set`);
    return value;
  });
}

/** The same for all texts in a JSON value but `api_keys`, which may be missing until their provider is opened. */
export function expandAll(value: unknown, environment: Environment, where: string): unknown {
  if (typeof value === "string") return expandVariables(value, environment, where);
  if (Array.isArray(value)) return value.map((item, index) => expandAll(item, environment, `${where}[${index}]`));
  if (!isJsonObject(value)) return value;
  const expanded = Object.entries(value).map(([key, item]) => [
    key,
    key === "api_keys" ? item : expandAll(item, environment, `${where}.${key}`),
  ]);
  return Object.fromEntries(expanded);
}
