import { isJsonObject, type JsonObject } from "../../json/json-value.ts";

/** A value in a body that names a local file. */
export interface FileReference {
  /** The path to the value from the body. */
  readonly keys: readonly (string | number)[];
  /** `@images/p.png` or `file:///home/me/p.png`. */
  readonly value: string;
  /** How the API wants the file. A `url-source` (Anthropic's) is rewritten as a `base64` source. */
  readonly form: "data-url" | "base64" | "url-source";
  /** A sibling member that the API requires and the line leaves out. */
  readonly missing?: "media_type" | "format" | undefined;
}

/**
 * Finds the files that the parts of a body name: parts of messages, of input items and of tool results. A part's `type` says which of its
 * members may name one; texts, whatever they begin with, and parts of other types never do. Costs next to nothing where all contents are texts.
 */
export function findFileReferences({ messages, input }: JsonObject): readonly FileReference[] {
  const references: FileReference[] = [];
  if (Array.isArray(messages)) visitAll(messages, ["messages"], references);
  if (Array.isArray(input)) visitAll(input, ["input"], references);
  return references;
}

/** @param keys The path to `nodes`: one array, pushed and popped, because copies of it would cost more than all else. */
function visitAll(nodes: readonly unknown[], keys: (string | number)[], references: FileReference[]): void {
  for (let at = 0; at < nodes.length; at += 1) {
    const node = nodes[at];
    if (!isJsonObject(node)) continue;
    const { type, content, output } = node;
    const fields = typeof type === "string" ? fieldsByPartType.get(type) : undefined;
    if (fields === undefined && !Array.isArray(content) && !Array.isArray(output)) continue;
    keys.push(at);
    if (fields !== undefined) addReferences(node, fields, keys, references);
    if (Array.isArray(content)) visitBelow(content, "content", keys, references);
    if (Array.isArray(output)) visitBelow(output, "output", keys, references);
    keys.pop();
  }
}

function visitBelow(nodes: readonly unknown[], key: string, keys: (string | number)[], references: FileReference[]): void {
  keys.push(key);
  visitAll(nodes, keys, references);
  keys.pop();
}

/** A member of a part that may name a file. */
interface FileField {
  /** The object of the part that has the member, if it is not the part itself. */
  readonly parent?: string;
  readonly key: string;
  readonly form: FileReference["form"];
  /** The `type` that the parent must have. */
  readonly parentType?: string;
  /** A sibling member that the API requires. */
  readonly requires?: "media_type" | "format";
}

const sourceFields: readonly FileField[] = [
  { parent: "source", parentType: "base64", key: "data", form: "base64", requires: "media_type" },
  { parent: "source", parentType: "url", key: "url", form: "url-source", requires: "media_type" },
];

/** Parts of Chat Completions and its relatives, of Responses, and of Messages. */
const fieldsByPartType: ReadonlyMap<string, readonly FileField[]> = new Map([
  ["image_url", urlFields("image_url")],
  ["audio_url", urlFields("audio_url")],
  ["video_url", urlFields("video_url")],
  ["input_audio", [{ parent: "input_audio", key: "data", form: "base64", requires: "format" }]],
  ["file", [{ parent: "file", key: "file_data", form: "data-url" }]],
  ["input_image", [{ key: "image_url", form: "data-url" }]],
  ["input_file", [{ key: "file_data", form: "data-url" }]],
  ["image", sourceFields],
  ["document", sourceFields],
]);

/** Some servers take the URL itself instead of an object. */
function urlFields(type: string): readonly FileField[] {
  return [
    { parent: type, key: "url", form: "data-url" },
    { key: type, form: "data-url" },
  ];
}

function addReferences(
  part: JsonObject,
  fields: readonly FileField[],
  keys: FileReference["keys"],
  references: FileReference[],
): void {
  for (const { parent: parentKey, key, form, parentType, requires } of fields) {
    const parent = parentKey === undefined ? part : part[parentKey];
    if (!isJsonObject(parent) || (parentType !== undefined && parent.type !== parentType)) continue;
    const value = parent[key];
    if (typeof value !== "string" || !namesFile(value)) continue;
    const path = parentKey === undefined ? [...keys, key] : [...keys, parentKey, key];
    const missing = requires !== undefined && parent[requires] === undefined ? requires : undefined;
    references.push({ keys: path, value, form, missing });
  }
}

/** Most values are URLs of other schemes, and long. */
function namesFile(value: string): boolean {
  return value.startsWith("@") || /^file:/i.test(value);
}
