import { digestOf } from "../../../src/mock/chance.ts";
import { prepareAnswer } from "../../../src/mock/apis/prepare-answer.ts";
import type { AnsweringPath, Prepared } from "../../../src/mock/apis/prepared.ts";

export function prepare(path: AnsweringPath, body: unknown, seed = 0): Prepared {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return prepareAnswer({ path, text, bodyBytes: Buffer.byteLength(text), digest: digestOf(seed, path, text), seed });
}

/** A prepared answer with its body parsed. @throws if the request was taken for a mistake. */
export function answerOf(path: AnsweringPath, body: unknown, seed = 0) {
  const prepared = prepare(path, body, seed);
  if (!prepared.ok) throw new Error(prepared.reply.body);
  return { ...prepared, body: JSON.parse(prepared.reply.body) };
}
