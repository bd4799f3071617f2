import type { JsonObject } from "../../json/json-value.ts";
import { editJson, type JsonEdit } from "../../json/json-edits.ts";
import { type FileReference, findFileReferences } from "./file-references.ts";
import { quote } from "../invalid-line.ts";
import type { FindLocalFile, LocalFile } from "./local-file.ts";
import { mediaTypeOf } from "./media-type.ts";
import { Problem } from "../problem.ts";

/** A file that was found, and the value of the body that it replaces. */
interface Attachment {
  readonly reference: FileReference;
  readonly path: string;
  readonly file: LocalFile;
  readonly mediaType: string;
}

const mebibyte = 1024 * 1024;
/** Providers accept little more than this in a whole request. */
const maxFileBytes = 20 * mebibyte;
/** Base64 makes 64 MiB of it, the maximum length of a line. */
const maxFilesBytes = 48 * mebibyte;

/**
 * Finds the local files that the parts of a body name, without loading them.
 *
 * @param findFile Undefined where no files may be sent.
 * @returns a `Problem` for the first file that cannot be sent.
 */
export function findAttachments(body: JsonObject, findFile: FindLocalFile | undefined): readonly Attachment[] | Problem {
  const references = findFileReferences(body);
  if (references.length === 0) return none;
  const attachments: Attachment[] = [];
  let bytes = 0;
  for (const reference of references) {
    const attachment = findAttachment(reference, findFile);
    if (attachment instanceof Problem) return attachment;
    attachments.push(attachment);
    bytes += attachment.file.bytes;
  }
  if (bytes <= maxFilesBytes) return attachments;
  return new Problem(`its files are larger than ${maxFilesBytes / mebibyte} MiB together; spread them over several lines`);
}

const none: readonly Attachment[] = [];

/**
 * Loads the files and replaces the values that name them by data URLs or base64, as the API wants it. The rest stays as it was written.
 *
 * @param text The body that the files were found in.
 * @returns a `Problem` if one of them cannot be read.
 */
export function attachFiles(text: string, attachments: readonly Attachment[]): string | Problem {
  if (attachments.length === 0) return text;
  const edits: JsonEdit[] = [];
  for (const attachment of attachments) {
    const content = attachment.file.read();
    if ("problem" in content) return problemAt(attachment.reference, attachment.path, content.problem);
    edits.push(...editsOf(attachment, content.toString("base64")));
  }
  return editJson(text, edits);
}

function findAttachment(reference: FileReference, findFile: FindLocalFile | undefined): Attachment | Problem {
  const path = pathOf(reference.value);
  if (path === undefined) return problemAt(reference, reference.value, "this is no file URL: % must be written as %25");
  if (findFile === undefined)
    return problemAt(reference, path, "to send local files, give --allow-files DIR, the folder that they lie in");
  const file = findFile(path);
  if ("problem" in file) return problemAt(reference, path, file.problem);
  if (file.bytes === 0) return problemAt(reference, path, "it is empty");
  if (file.bytes > maxFileBytes) return problemAt(reference, path, `it is larger than ${maxFileBytes / mebibyte} MiB`);
  const mediaType = mediaTypeOf(file.head);
  if (mediaType === undefined)
    return problemAt(reference, path, "by its content it is no image, sound, video or PDF of a kind that can be sent");
  return { reference, path, file, mediaType };
}

/** What follows `@` is a path as it is; a file URL may name this machine, and is percent-encoded. */
function pathOf(value: string): string | undefined {
  if (value.startsWith("@")) return value.slice(1);
  try {
    return decodeURIComponent(value.replace(/^file:(?:\/\/(?:localhost(?=\/))?)?/i, ""));
  } catch {
    return undefined;
  }
}

function problemAt({ keys }: FileReference, path: string, problem: string): Problem {
  const member = keys.map((key, at) => (typeof key === "number" ? `[${key}]` : at === 0 ? key : `.${key}`)).join("");
  return new Problem(`\`${member}\` names the file ${quote(path)}: ${problem}`);
}

function editsOf({ reference, mediaType }: Attachment, base64: string): JsonEdit[] {
  const { keys, form, missing } = reference;
  if (form === "data-url") return [{ keys, replaces: "value", text: `"data:${mediaType};base64,${base64}"` }];
  const format = mediaType === "audio/mpeg" ? "mp3" : mediaType.replace(/^.*\//, "");
  const more = missing === undefined ? "" : `,"${missing}":"${missing === "format" ? format : mediaType}"`;
  if (form === "base64") return [{ keys, replaces: "value", text: `"${base64}"${more}` }];
  return [
    { keys: [...keys.slice(0, -1), "type"], replaces: "value", text: '"base64"' },
    { keys, replaces: "member", text: `"data":"${base64}"${more}` },
  ];
}
