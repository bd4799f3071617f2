import { ConfigurationError } from "../model/errors.ts";
import { closestTo } from "../model/closest.ts";

/** @throws ConfigurationError naming the first option that there is not, and the nearest one that there is. */
export function rejectUnknown(where: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const closest = closestTo(unknown, known);
  const hint = closest === undefined ? `there are: ${known.join(", ")}` : `did you mean ${JSON.stringify(closest)}?`;
  throw new ConfigurationError(`${where}: there is no option ${JSON.stringify(unknown)}; ${hint}`);
}
