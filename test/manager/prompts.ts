import type { BatchResult } from "../../src/index.ts";
import { chatAnswer, type Script } from "../support/scripted-server.ts";

/** Answers each request with what it says. */
export const repeat: Script = ({ body }) => {
  const request: { messages: { content: string }[] } = JSON.parse(body);
  return chatAnswer(`re: ${request.messages.at(-1)?.content}`);
};

/** The text of an answer, or the kind of a failure. */
export function answerOf(result: BatchResult): string {
  if (result.status === "failed") return result.failure.kind;
  const body: { choices: { message: { content: string } }[] } = JSON.parse(result.response.body);
  return body.choices[0]?.message.content ?? "";
}

export function* prompts(count: number): Generator<string> {
  for (let number = 1; number <= count; number += 1) yield `prompt ${number}`;
}
