import { firstValueEnd } from "../../json/explain-json-error.ts";
import { nestingDepth } from "../../json/json-text.ts";
import { isJsonObject, parseJson } from "../../json/json-value.ts";
import { holdsRequest } from "../../jsonl/jsonl.ts";

/** A file that holds no JSON Lines. */
export interface WrongKind {
  /** For a person. */
  readonly what: string;
  /** Reads the file from stdin and writes JSON Lines, or what is nearer to them; undefined where none can. */
  readonly command?: string;
}

/** What an input seems to be; `more` while too little of it is known. */
export type FileKind = "lines" | "gzip" | "more" | WrongKind;

/** So much of a file is looked at. Lines of a pipe are not held back: the first that is JSON decides. */
export const maxHeadBytes: number = 64 * 1024;

/** Nested deeper, the check for JSON would overflow the stack. */
const maxDepth = 1000;

/**
 * Recognises by its first bytes what cannot be JSON Lines, for one message instead of one for each line. In doubt they are lines: a file
 * may begin with bad ones.
 *
 * @param isWhole Whether the input ends with `head`.
 */
export function recogniseFile(head: Buffer, isWhole: boolean): FileKind {
  const signature = head.toString("latin1", 0, 6);
  if (signature.startsWith("\x1f\x8b")) return "gzip";
  const packed = packers.find(({ magic }) => signature.startsWith(magic));
  if (packed !== undefined) return packed;
  const utf16 = utf16Of(head);
  if (utf16 !== undefined) return utf16;
  const text = head.toString("utf8", 0, maxHeadBytes).replace(/^\uFEFF+/, "");
  const end = head.length >= maxHeadBytes ? "too-far" : isWhole ? "here" : "to-come";
  return recogniseText(text, end);
}

const packers: readonly (WrongKind & { readonly magic: string })[] = [
  { magic: "\x28\xb5\x2f\xfd", what: "packed by zstd", command: "zstd -dc" },
  { magic: "\xfd7zXZ\0", what: "packed by xz", command: "xz -dc" },
  { magic: "BZh", what: "packed by bzip2", command: "bzip2 -dc" },
  { magic: "PK\x03\x04", what: "a zip archive", command: "funzip" },
];

/** By its mark, or because every other byte is NUL, as in UTF-16 of ASCII. */
function utf16Of([a, b, c, d]: Buffer): WrongKind | undefined {
  const isLittleEndian = (a === 0xff && b === 0xfe) || (a !== 0 && b === 0 && c !== 0 && d === 0);
  const isBigEndian = (a === 0xfe && b === 0xff) || (a === 0 && b !== 0 && c === 0 && d !== 0);
  if (!isLittleEndian && !isBigEndian) return undefined;
  const encoding = isLittleEndian ? "utf-16le" : "utf-16be";
  return { what: "UTF-16", command: script(`process.stdout.write(new TextDecoder("${encoding}").decode(fs.readFileSync(0)))`) };
}

/** Where the end of the input is, of whose beginning a text is known. */
type End = "here" | "to-come" | "too-far";

function recogniseText(text: string, end: End): FileKind {
  // What follows the last line feed may be cut off.
  const complete = end === "here" ? text : text.slice(0, text.lastIndexOf("\n") + 1);
  const lines = complete.split("\n").filter((line) => line.trim() !== "");
  const [first] = lines;
  // Of a first line that is long: only an array's may be the whole file.
  if (first === undefined && end === "too-far") return /^\s*\[\s*["{]/.test(text) ? jsonArray : "lines";
  if (first === undefined) return end === "here" ? "lines" : "more";
  const value = parseJson(first);
  if (typeof value === "string" && holdsRequest(value)) return writtenTwice;
  if (isJsonObject(value) || typeof value === "string") return "lines";
  if (/^\s*[[{]/.test(first)) return recogniseJson(complete, end);
  if (lines.some(isJsonLine)) return "lines";
  if (end === "to-come") return "more";
  return text.includes("\0") ? { what: "binary" } : (csvOf(lines) ?? plainText);
}

/** JSON that is laid out for people, or one array. */
function recogniseJson(text: string, end: End): FileKind {
  if (nestingDepth(text) > maxDepth) return "lines";
  const start = text.search(/\S/);
  const valueEnd = firstValueEnd(text);
  if (valueEnd === undefined) return "lines"; // broken in a way of its own
  if (valueEnd === Infinity && end !== "too-far") return end === "here" ? "lines" : "more";
  const isArray = text[start] === "[";
  if (/\n\s*\S/.test(text.slice(start, valueEnd))) return isArray ? jsonArray : laidOutJson;
  if (!isArray || valueEnd === Infinity || text.slice(valueEnd).trim() !== "") return "lines";
  return end === "to-come" ? "more" : jsonArray;
}

function isJsonLine(line: string): boolean {
  return line.trimStart().startsWith("{") || typeof parseJson(line) === "string";
}

/** The names of the first line, and as many cells on the second. */
function csvOf([first = "", second = ""]: readonly string[]): WrongKind | undefined {
  const delimiter = /[,;\t]/.exec(first)?.[0] ?? "";
  const cells = (line: string): number => line.replaceAll(/"[^"]*"/g, "").split(delimiter).length;
  if (delimiter === "" || cells(first) !== cells(second)) return undefined;
  const cell = delimiter === "\t" ? "\\t" : delimiter;
  const rows = `const rows = [[]]; for (const [, quoted, plain, end] of fs.readFileSync(0, "utf8").matchAll(/\\uFEFF?(?:"((?:[^"]|"")*)"|([^${cell}\\r\\n]*))(${cell}|\\r?\\n|$)/g)) { rows.at(-1).push(quoted?.replaceAll("\\"\\"", "\\"") ?? plain); if (end !== "${cell}") rows.push([]); }`;
  const objects = `const names = rows.shift(); for (const row of rows) if (row.join("")) console.log(JSON.stringify(Object.fromEntries(row.map((cell, at) => [names[at], cell]))))`;
  return { what: "CSV", command: script(`${rows} ${objects}`) };
}

const jsonArray: WrongKind = {
  what: "one JSON array",
  command: script(
    `for (const each of JSON.parse(fs.readFileSync(0, "utf8").replace(/^\\uFEFF/, ""))) console.log(JSON.stringify(each))`,
  ),
};

const laidOutJson: WrongKind = {
  what: "JSON that is laid out on many lines",
  command: script(
    `for (const each of fs.readFileSync(0, "utf8").replace(/^\\uFEFF/, "").split(/^(?={)/m)) console.log(JSON.stringify(JSON.parse(each)))`,
  ),
};

const writtenTwice: WrongKind = {
  what: "JSON that was written as JSON twice",
  command: script(
    `for (const line of fs.readFileSync(0, "utf8").split("\\n")) if (line.trim()) console.log(JSON.parse(line).replaceAll("\\n", " "))`,
  ),
};

const plainText: WrongKind = {
  what: "plain text",
  command: script(
    `for (const line of fs.readFileSync(0, "utf8").split(/\\r?\\n/)) if (line.trim()) console.log(JSON.stringify(line))`,
  ),
};

/** Node.js is there where llmbatch is. */
function script(code: string): string {
  return `node -e '${code}'`;
}
