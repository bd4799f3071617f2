import type { JsonObject } from "../../json/json-value.ts";
import { messagesPath } from "../request-path.ts";

/** What the APIs document. Servers of one's own may take more, so a value outside is sent as it is. */
const ranges: readonly (readonly [name: string, min: number, max: number])[] = [
  ["temperature", 0, 2],
  ["top_p", 0, 1],
  ["presence_penalty", -2, 2],
  ["frequency_penalty", -2, 2],
  ["n", 1, Infinity],
  ["top_logprobs", 0, 20],
  ["max_tokens", 1, Infinity],
  ["max_completion_tokens", 1, Infinity],
  ["max_output_tokens", 1, Infinity],
];

const maxShownCharacters = 40;

/** Names the parameters of a body that no API takes with their values. @param path The API; empty where it is not known. */
export function rangeWarnings(body: JsonObject, path: string): string[] {
  const said: string[] = [];
  for (const [name, min, most] of ranges) {
    const value = body[name];
    if (value === undefined || value === null) continue;
    const max = name === "temperature" && path === messagesPath ? 1 : most;
    if (typeof value === "number" && value >= min && value <= max) continue;
    const range = max === Infinity ? `a number of ${min} or more` : `a number from ${min} to ${max}`;
    said.push(
      `\`${name}\` is ${JSON.stringify(value).slice(0, maxShownCharacters)}, and the API takes ${range}: it is sent as it is`,
    );
  }
  return said;
}
