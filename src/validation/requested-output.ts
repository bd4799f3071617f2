import { isJsonObject, items, member, parseJson } from "../json/json-value.ts";
import { lastValueText, skipSpace } from "../json/json-text.ts";
import type { BatchRequest } from "../model/request.ts";

/** What the text of an answer is to be. */
export interface RequestedFormat {
  /** The member that says it: `response_format`. */
  readonly member: string;
  /** JSON text; undefined where any object will do. */
  readonly schema: string | undefined;
}

/** Tools by name: the JSON text of the schema of what each takes, undefined where it has none. */
export interface RequestedTools {
  readonly schemas: ReadonlyMap<string, string | undefined>;
  /** Tools that are found while the model works can be called as well. */
  readonly isOpen: boolean;
}

type Keys = readonly string[];

/** Where requests of an API say that they want JSON: the first that is there counts. */
const formatPlaces: ReadonlyMap<string, readonly Keys[]> = new Map([
  ["/v1/chat/completions", [["response_format"]]],
  ["/v1/completions", [["response_format"]]], // vLLM
  ["/v1/responses", [["text", "format"]]],
  ["/v1/messages", [["output_config", "format"], ["output_format"]]], // the latter in the beta of 2025-11-13
]);

/** In OpenAI's shape, in Anthropic's and the Responses', and in that of Together, Fireworks and llama.cpp. */
const schemaPlaces: readonly Keys[] = [["json_schema", "schema"], ["schema"]];

/** @returns undefined where no JSON is asked for. */
export function requestedFormat({ path, body }: BatchRequest): RequestedFormat | undefined {
  for (const keys of formatPlaces.get(path) ?? []) {
    const format = valueAt(body, keys);
    const type = format === undefined ? undefined : parseJson(valueAt(format, ["type"]) ?? "");
    if (format === undefined || (type !== "json_schema" && type !== "json_object")) continue;
    return { member: keys.join("."), schema: schemaPlaces.map((place) => valueAt(format, place)).find(isSchema) };
  }
  return undefined;
}

/** The JSON text of the tools that a request brings along. */
export function requestedTools({ path, body }: BatchRequest): string | undefined {
  return formatPlaces.has(path) ? lastValueText(body, "tools") : undefined;
}

/** @param text JSON, as `requestedTools` gives it. */
export function readTools(text: string): RequestedTools {
  const schemas = new Map<string, string | undefined>();
  const isOpen = addTools(items(parseJson(text)), schemas);
  return { schemas, isOpen };
}

/** Tools may stand in namespaces (Responses). @returns whether there may be others. */
function addTools(tools: readonly unknown[], schemas: Map<string, string | undefined>): boolean {
  let isOpen = false;
  for (const tool of tools) {
    const own = member(tool, "function") ?? member(tool, "custom") ?? tool;
    const name = member(own, "name");
    const schema = member(own, "parameters") ?? member(own, "input_schema");
    const inner = items(member(tool, "tools"));
    isOpen = addTools(inner, schemas) || isOpen || member(tool, "type") === "tool_search";
    if (typeof name === "string" && inner.length === 0)
      schemas.set(name, isJsonObject(schema) ? JSON.stringify(schema) : undefined);
  }
  return isOpen;
}

function isSchema(text: string | undefined): boolean {
  return text !== undefined && text !== "null";
}

/** The text of a value inside objects; undefined where it is not there. */
function valueAt(json: string, keys: Keys): string | undefined {
  let text: string | undefined = json;
  for (const key of keys) {
    if (text === undefined || text[skipSpace(text, 0)] !== "{") return undefined;
    text = lastValueText(text, key);
  }
  return text;
}
