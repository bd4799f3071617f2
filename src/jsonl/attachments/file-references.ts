import { isJsonObject } from "../read-json.ts";
import type { JsonObject } from "../read-json.ts";

/** A value in a body that names a local file. */
export interface FilePlace {
  /** The way to the value from the body. */
  readonly keys: readonly (string | number)[];
  /** `@images/p.png` or `file:///home/me/p.png`. */
  readonly value: string;
  /** How the API wants the file; of a `url-source` (Anthropic's) a `base64` one has to be made. */
  readonly form: "data-url" | "base64" | "url-source";
  /** A member beside it that the API asks for and the line leaves out. */
  readonly missing?: "media_type" | "format" | undefined;
}

/**
 * Finds the files that the parts of a body name: parts of messages and of input items, and of results of tools. A part says by its `type`
 * what it is; texts, whatever they begin with, and parts of other types name no files. Costs next to nothing where all contents are texts.
 */
export function findFilePlaces({ messages, input }: JsonObject): readonly FilePlace[] {
  const places: FilePlace[] = [];
  if (Array.isArray(messages)) visitAll(messages, ["messages"], places);
  if (Array.isArray(input)) visitAll(input, ["input"], places);
  return places;
}

/** @param keys The way to `nodes`. It goes along while they are visited, because copies of it would cost more than all else. */
function visitAll(nodes: readonly unknown[], keys: (string | number)[], places: FilePlace[]): void {
  for (let at = 0; at < nodes.length; at += 1) {
    const node = nodes[at];
    if (!isJsonObject(node)) continue;
    const { type, content, output } = node;
    const ways = typeof type === "string" ? waysByType.get(type) : undefined;
    if (ways === undefined && !Array.isArray(content) && !Array.isArray(output)) continue;
    keys.push(at);
    if (ways !== undefined) addPlaces(node, ways, keys, places);
    if (Array.isArray(content)) visitBelow(content, "content", keys, places);
    if (Array.isArray(output)) visitBelow(output, "output", keys, places);
    keys.pop();
  }
}

function visitBelow(nodes: readonly unknown[], key: string, keys: (string | number)[], places: FilePlace[]): void {
  keys.push(key);
  visitAll(nodes, keys, places);
  keys.pop();
}

/** Where in a part a file may stand. */
interface Way {
  /** The member of the part that holds it, where it is not the part itself. */
  readonly holder?: string;
  readonly key: string;
  readonly form: FilePlace["form"];
  /** The `type` that the holder has to have. */
  readonly holderType?: string;
  /** A member that the holder needs beside it. */
  readonly needs?: "media_type" | "format";
}

const sourceWays: readonly Way[] = [
  { holder: "source", holderType: "base64", key: "data", form: "base64", needs: "media_type" },
  { holder: "source", holderType: "url", key: "url", form: "url-source", needs: "media_type" },
];

/** Parts of Chat Completions and its relatives, of Responses, and of Messages. */
const waysByType: ReadonlyMap<string, readonly Way[]> = new Map([
  ["image_url", urlWays("image_url")],
  ["audio_url", urlWays("audio_url")],
  ["video_url", urlWays("video_url")],
  ["input_audio", [{ holder: "input_audio", key: "data", form: "base64", needs: "format" }]],
  ["file", [{ holder: "file", key: "file_data", form: "data-url" }]],
  ["input_image", [{ key: "image_url", form: "data-url" }]],
  ["input_file", [{ key: "file_data", form: "data-url" }]],
  ["image", sourceWays],
  ["document", sourceWays],
]);

/** Some servers take the URL itself instead of an object. */
function urlWays(type: string): readonly Way[] {
  return [
    { holder: type, key: "url", form: "data-url" },
    { key: type, form: "data-url" },
  ];
}

function addPlaces(part: JsonObject, ways: readonly Way[], keys: FilePlace["keys"], places: FilePlace[]): void {
  for (const { holder: holderKey, key, form, holderType, needs } of ways) {
    const holder = holderKey === undefined ? part : part[holderKey];
    if (!isJsonObject(holder) || (holderType !== undefined && holder.type !== holderType)) continue;
    const value = holder[key];
    if (typeof value !== "string" || !namesFile(value)) continue;
    const way = holderKey === undefined ? [...keys, key] : [...keys, holderKey, key];
    const missing = needs !== undefined && holder[needs] === undefined ? needs : undefined;
    places.push({ keys: way, value, form, missing });
  }
}

/** Most values are URLs of other kinds, and long. */
function namesFile(value: string): boolean {
  return value.startsWith("@") || /^file:/i.test(value);
}
