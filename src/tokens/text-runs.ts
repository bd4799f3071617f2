import { isLetter, isSpace } from "./weigh-text.ts";

/** A part of a text, by indexes. */
interface TextRun {
  readonly from: number;
  readonly to: number;
  readonly isLong: boolean;
}

/**
 * `gpt-tokenizer` takes a run of letters, of spaces or of signs as one piece, and time that grows with the square of its length: 1 s for
 * 8,000 Chinese characters, minutes for a megabyte of "a".
 */
const maxRun = 256;

/** Cuts a text where a run is too long to be counted: what lies between such runs is in one part. */
export function* textRuns(text: string): Generator<TextRun> {
  let from = 0;
  let runStart = 0;
  let group = -1;
  for (let at = 0; at <= text.length; at += 1) {
    const next = at === text.length ? -1 : groupOf(text.charCodeAt(at));
    if (next === group) continue;
    if (at - runStart > maxRun) {
      if (runStart > from) yield { from, to: runStart, isLong: false };
      yield { from: runStart, to: at, isLong: true };
      from = at;
    }
    runStart = at;
    group = next;
  }
  if (from < text.length) yield { from, to: text.length, isLong: false };
}

function groupOf(code: number): number {
  if (isLetter(code)) return 0;
  if (isSpace(code)) return 1;
  return code >= 0x30 && code <= 0x39 ? 2 : 3;
}
