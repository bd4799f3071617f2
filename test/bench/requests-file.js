import { closeSync, openSync, writeSync } from "node:fs";

const linesAtOnce = 10_000;

/** Writes a batch file of short requests, each different. @returns its path. */
export function writeRequests(path, count) {
  const file = openSync(path, "w");
  for (let from = 0; from < count; from += linesAtOnce) {
    const numbers = Array.from({ length: Math.min(linesAtOnce, count - from) }, (_, n) => from + n);
    writeSync(file, numbers.map((number) => `${JSON.stringify(requestOf(number))}\n`).join(""));
  }
  closeSync(file);
  return path;
}

function requestOf(number) {
  const question = `Review ${number}: it arrived in time, the box was damaged, the thing itself works as described.`;
  const messages = [
    { role: "system", content: "Answer with one word: positive, negative or neutral." },
    { role: "user", content: question },
  ];
  return { custom_id: `r-${number}`, body: { model: "sink", messages, max_completion_tokens: 64 } };
}
