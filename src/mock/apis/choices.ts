import { chance, firstWord } from "../chance.ts";
import type { ChatRequest } from "./chat-request.ts";
import { askedLength, cutToTokens, mockJson, mockText, stretchToTokens } from "./mock-text.ts";

export interface Choice {
  readonly content: string;
  readonly finishReason: "stop" | "length";
}

const choiceSalt = 0x30000;

/** Makes up as many answers as were asked for, each cut where the request's limit is. */
export function makeChoices({ question, wantsJson, choices, maxTokens = Infinity }: ChatRequest, digest: string): Choice[] {
  const makeText = wantsJson ? mockJson : mockText;
  const word = firstWord(digest);
  const tokens = wantsJson ? undefined : askedLength(question);
  const made: Choice[] = [];
  for (let index = 0; index < choices; index += 1) {
    const text = makeText(question, digest.slice(0, 6), Math.floor(chance(word, choiceSalt + index) * 2 ** 32));
    const whole = tokens === undefined ? text : stretchToTokens(text, tokens);
    const content = cutToTokens(whole, maxTokens);
    made.push({ content, finishReason: content.length < whole.length ? "length" : "stop" });
  }
  return made;
}
