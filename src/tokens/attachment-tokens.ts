import { decodeString, lastValueText, objectMembers } from "../json/json-text.ts";
import { imageSize } from "./image-size.ts";
import { imageTokens } from "./image-tokens.ts";

/** What a part of a message shows beside text. All texts are JSON. */
export interface AttachmentPart {
  /** The member that names or holds it: `image_url`, `input_audio`, `source`, `file_data`, `file_id`, `file_url`. */
  readonly key: string;
  readonly value: string;
  /** The object that the member is of, and what comes after it. */
  readonly part: string;
  /** Of the API. */
  readonly path: string;
}

/** What an attachment counts as. @param model Asked where the rule depends on it. */
export function attachmentTokens({ key, value, part, path }: AttachmentPart, model: () => string): number {
  const isObject = value.startsWith("{");
  const setting = (name: string): string => textMember(isObject ? value : part, name);
  const kind = textMember(part, "type");
  const data = isObject ? textMember(value, "data") || textMember(value, "url") : decodeString(value);
  const { mediaType = setting("media_type"), base64 } = splitDataUrl(data);
  const isElsewhere = /^https?:/.test(base64) || (isObject ? textMember(value, "type") === "file" : key === "file_id");
  const content = isElsewhere ? "" : base64;
  if (key === "input_audio") return audioTokens(content.length, setting("format"), model());
  const isImage = key === "image_url" || kind.includes("image") || mediaType.startsWith("image/");
  return isImage ? imageTokens(path, model(), imageSize(content), setting("detail")) : documentTokens(content.length, mediaType);
}

/** Without a pattern: one that reads `data:…,…` goes through megabytes again and again. */
function splitDataUrl(data: string): { readonly mediaType?: string; readonly base64: string } {
  const comma = data.startsWith("data:") ? data.indexOf(",") : -1;
  if (comma === -1) return { base64: data };
  const [mediaType = ""] = data.slice("data:".length, comma).split(";", 1);
  return { mediaType, base64: data.slice(comma + 1) };
}

/** Of a document that is text: where its text begins in the value. */
export function textOfSource({ key, value }: AttachmentPart): number | undefined {
  if (key !== "source" || !value.startsWith("{")) return undefined;
  const type = textMember(value, "type");
  const name = type === "text" ? "data" : type === "content" ? "content" : undefined;
  return name === undefined ? undefined : objectMembers(value).find((member) => member.key === name)?.valueStart;
}

function textMember(object: string, key: string): string {
  const literal = lastValueText(object, key);
  return literal?.startsWith('"') ? decodeString(literal) : "";
}

/** Base64 is 4 characters for 3 bytes. */
const bytesPerCharacter = 3 / 4;

/**
 * 10 tokens a second at OpenAI (Realtime guide, "one token per 100 ms of user audio"), 32 at Gemini ("Understand and count tokens"). How
 * long it is, its size tells: 16-bit samples at 24 kHz, or 128 kbit/s where it is compressed.
 */
function audioTokens(base64Length: number, format: string, model: string): number {
  const bytesPerSecond = format === "wav" || format === "pcm16" ? 48_000 : 16_000;
  const seconds = (base64Length * bytesPerCharacter) / bytesPerSecond;
  return Math.ceil(seconds * (model.includes("gemini") ? 32 : 10));
}

/** The mean of the 1,500 to 3,000 tokens that Anthropic says a page of a PDF file has, its picture aside ("PDF support"). */
const tokensPerPage = 2_250;
/** Assumed: the files themselves do not say it in a place that could be found without reading them. */
const bytesPerPage = 100_000;

/** @param base64Length 0 where the file is elsewhere: it is taken for one page. */
function documentTokens(base64Length: number, mediaType: string): number {
  const bytes = base64Length * bytesPerCharacter;
  if (mediaType.startsWith("text/")) return Math.ceil(bytes / 4);
  return tokensPerPage * Math.max(1, Math.round(bytes / bytesPerPage));
}

/**
 * About what a large image, a page of a PDF or two minutes of sound count as. Base64 in an unknown place taken for text, an image would be
 * reserved at hundreds of thousands of tokens, and one request would wait for the other under any limit.
 */
export const tokensOfUnknown = 1_500;

/** Shorter ones, taken for text, do not count for more. */
const minUnknownLength = 4 * tokensOfUnknown;
const base64Start = /^(?:data:[^",]{0,99};base64,)?[A-Za-z0-9+/]{64}/;
const maxStartLength = 256;

/** Whether the text between two indexes is base64 of something large. */
export function isUnknownAttachment(text: string, from: number, to: number): boolean {
  return to - from >= minUnknownLength && base64Start.test(text.slice(from, from + maxStartLength));
}
