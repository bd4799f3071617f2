import { chance } from "../chance.ts";

/** Rule of thumb for English text; what both requests and answers are counted by here. */
const charactersPerToken = 4;
const maxSentences = 4;
/** From one sentence to the next, so that none comes twice and they do not always follow each other. */
const stride = 3;
const maxKeywords = 4;
/** As far into a question as keywords are looked for, so that a long one costs no more than a short one. A length, too. */
const searchedCharacters = 400;

const sentences = [
  "No model was asked; this mock provider made it up.",
  "The same request always gets these words.",
  "A real model would now explain its reasons.",
  "There are three points to consider, and the second follows from the first.",
  "In short, it depends on what you mean to measure.",
  "Two examples would make this clearer.",
  "Most sources agree, though some of the older ones do not.",
  "That is all there is to say about it here.",
] as const;

/**
 * A few sentences that name what was asked about.
 *
 * @param label Short and different for different requests, so that an answer that reached the wrong line shows.
 * @param word What the choice of sentences depends on.
 */
export function mockText(question: string, label: string, word: number): string {
  const keywords = keywordsOf(question);
  let text = keywords.length === 0 ? `Mock answer ${label}.` : `Mock answer ${label} about ${keywords.join(", ")}.`;
  const first = Math.floor(chance(word, 0) * sentences.length);
  const count = 1 + Math.floor(chance(word, 1) * maxSentences);
  for (let at = 0; at < count; at += 1) text += ` ${sentences[(first + at * stride) % sentences.length]}`;
  return text;
}

/** The same as a JSON object, for requests that ask for JSON. */
export function mockJson(question: string, label: string, word: number): string {
  return JSON.stringify({ answer: mockText(question, label, word), keywords: keywordsOf(question) });
}

/** How long the answer is to be, if the question says `in 120 tokens`: for workloads that answer less than they may. */
export function askedLength(question: string): number | undefined {
  const [, digits] = /\bin (\d{1,5}) tokens\b/.exec(question.slice(0, searchedCharacters)) ?? [];
  return digits === undefined ? undefined : Math.max(1, Number(digits));
}

/** The text as often as it takes to have exactly so many tokens. */
export function stretchToTokens(text: string, tokens: number): string {
  const copies = Math.ceil((tokens * charactersPerToken) / (text.length + 1));
  return cutToTokens(`${text} `.repeat(copies), tokens);
}

export function countTokens(characters: number): number {
  return Math.ceil(characters / charactersPerToken);
}

/** The first `tokens` tokens of `text`. Never half a character: one that would be cut in two is left out. */
export function cutToTokens(text: string, tokens: number): string {
  if (text.length <= tokens * charactersPerToken) return text;
  return text.slice(0, tokens * charactersPerToken).replace(/[\uD800-\uDBFF]$/, "");
}

function keywordsOf(question: string): string[] {
  const words = question.slice(0, searchedCharacters).match(/[\p{L}\p{N}]{4,}/gu) ?? [];
  return [...new Set(words)].slice(0, maxKeywords);
}
