import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export const project: string = join(import.meta.dirname, "..", "..");

export interface Page {
  /** Below the project: `docs/limits.md`. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** A fenced block. `sh`, `js`, `json` and `jsonl` are examples, which have to work; other languages only show something. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** `docs/limits.md:12`, where it begins. */
  readonly at: string;
}

/** What users read: the README, the documentation, the samples' page. */
export const pages: readonly Page[] = [
  "README.md",
  "samples/README.md",
  ...readdirSync(join(project, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
].map((path) => readPage(join(project, path)));

export function readPage(file: string): Page {
  const path = relative(project, file);
  const text = readFileSync(file, "utf8");
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(({ 1: language = "", 2: content = "", index }) => ({
    language,
    text: content,
    at: `${path}:${text.slice(0, index).split("\n").length}`,
  }));
  return { path, text, blocks };
}
