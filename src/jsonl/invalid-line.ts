import { hash } from "node:crypto";
import type { FailureKind } from "../model/failure.ts";
import type { InvalidLine } from "../model/request.ts";
import { Problem } from "./problem.ts";
import { type BrokenLine, maxLineBytes } from "./split-lines.ts";

/** What an invalid line keeps for its result. */
interface LineIdentity {
  readonly lineNumber: number;
  readonly customId: string;
  /** Hex SHA-256 of its text. */
  readonly digest: string;
  readonly metadata: string | undefined;
}

export function invalidLine(line: LineIdentity, problem: Problem, kind: FailureKind = "invalid_line"): InvalidLine {
  const { lineNumber, customId, digest, metadata } = line;
  const failure = { kind, message: problem.message, retryable: false };
  return { kind: "invalid-line", lineNumber, customId, digest, failure, ...(metadata !== undefined && { metadata }) };
}

export function digestOf(text: string): string {
  return hash("sha256", text, "hex");
}

export function brokenLineProblem({ problem, text }: BrokenLine): Problem {
  if (problem === "too-long") return new Problem(`longer than ${maxLineBytes / 1024 / 1024} MiB`);
  if (text.includes("\0"))
    return new Problem("not UTF-8; it looks like UTF-16, which Windows PowerShell writes: save the file as UTF-8");
  return new Problem(
    `not UTF-8: some byte near column ${text.indexOf("\uFFFD") + 1} belongs to no character; save the file as UTF-8`,
  );
}

export function duplicateProblem(customId: string, isDefault: boolean): Problem {
  const id = quote(customId);
  return new Problem(
    isDefault
      ? `names no \`custom_id\`, and an earlier line has taken ${id}, which it would get`
      : `\`custom_id\` ${id} stands on an earlier line too; each must be unique`,
  );
}

export const writtenTwice: Problem = new Problem(
  'is a request that was written as JSON twice: write it as an object; a prompt that looks like one goes into {"prompt":"…"}',
);

export function typeProblem(value: unknown): Problem {
  const type = Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`;
  return new Problem(`must be an object or a string, not ${type}`);
}

const maxQuoteCharacters = 100;

/** Quotes a name from the input in a message: escaped, and truncated at 100 characters. */
export function quote(name: string): string {
  return JSON.stringify(name.length > maxQuoteCharacters ? `${name.slice(0, maxQuoteCharacters)}…` : name);
}
