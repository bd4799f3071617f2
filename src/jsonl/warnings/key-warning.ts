import type { JsonObject } from "../../json/json-value.ts";
import { quote } from "../invalid-line.ts";
import { type Draft, isOwnKey } from "../line-forms.ts";
import { rangeWarnings } from "./parameter-ranges.ts";
import { messagesPath } from "../request-path.ts";

const maxKeysNamed = 10;

/** Names of columns in data sets, of which no API has a parameter. */
const columns: ReadonlySet<string> = new Set(
  (
    "id idx index uid uuid qid question_id task_id example_id row answer answers gold ground_truth label labels target targets " +
    "expected expected_output expected_answer reference references output outputs response completion chosen rejected " +
    "question context passage choices split subset source dataset category subject topic difficulty level score"
  ).split(" "),
);

/**
 * Says which keys of a line do not do what its author may have meant, and which parameters are out of their range.
 *
 * @param path The API that the line asks.
 * @returns undefined if there are none.
 */
export function keyWarning(line: JsonObject, { body, form, wrapper }: Draft, path: string): string | undefined {
  const said: string[] = [];
  const keys = Object.keys(line);
  if (wrapper !== undefined) {
    const ignored = keys.filter((key) => key !== wrapper && key !== "provider" && !isOwnKey(line, key));
    if (ignored.length > 0) said.push(`ignored beside \`${wrapper}\`: ${listKeys(ignored)}`);
  } else {
    const sent = keys.filter((key) => columns.has(key));
    if (sent.length > 0)
      said.push(
        `sent to the API as parts of the body: ${listKeys(sent)}; what belongs to the output only, put into \`metadata\``,
      );
  }
  if (form !== "short" && body.system !== undefined && body.messages !== undefined && path !== messagesPath)
    said.push(
      `"system" beside \`messages\` is sent as it is, and ${path} does not know it: make it a message, or give the \`url\` "${messagesPath}"`,
    );
  said.push(...rangeWarnings(body, path));
  return said.length === 0 ? undefined : said.join("; ");
}

function listKeys(keys: readonly string[]): string {
  const named = keys.slice(0, maxKeysNamed).map(quote).join(", ");
  return keys.length > maxKeysNamed ? `${named} and ${keys.length - maxKeysNamed} more` : named;
}
