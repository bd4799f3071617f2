import { expect, it } from "vitest";
import { Workplace } from "../e2e/cli.ts";
import { serve } from "../support/closing.ts";
import { answerTo, countEach, questionOf, randomNumbers, runArguments, runFreely } from "./commands.ts";
import { Figures, sized } from "./figures.ts";

const { lines, rounds } = sized({ small: { lines: 100, rounds: 3 }, full: { lines: 2_000, rounds: 60 } });

interface Line {
  readonly question: number;
  readonly customId: string;
  readonly metadata: number;
  /** Its members stand in another order, with spaces between them. */
  readonly isRewritten: boolean;
}

/** What a user may do to a file between two runs. */
const edits: Readonly<Record<string, (file: Line[], at: number, another: Line) => void>> = {
  edit: (file, at, another) => file.splice(at, 1, another),
  insert: (file, at, another) => file.splice(at, 0, another),
  delete: (file, at) => file.splice(at, 1),
  repeat: (file, at, another) => file.splice(at, 0, { ...(file[at] ?? another), customId: another.customId }),
  move: (file, at, another) => file.unshift(...file.splice(at, 1 + (another.question % 10))),
  rename: (file, at, another) => file.splice(at, 1, { ...(file[at] ?? another), customId: another.customId }),
  describe: (file, at, another) => file.splice(at, 1, { ...(file[at] ?? another), metadata: another.question }),
  rewrite: (file, at, another) => file.splice(at, 1, { ...(file[at] ?? another), isRewritten: true }),
};

it("edited, inserted, deleted, repeated, moved, renamed lines: only requests that are new are sent", async () => {
  const figures = new Figures("an input that is edited between runs");
  const random = randomNumbers(2);
  let questions = 0;
  const newLine = (): Line => {
    questions += 1;
    return { question: questions, customId: `line-${questions}`, metadata: 0, isRewritten: false };
  };
  const server = await serve(answerTo);
  const user = new Workplace();
  const file = Array.from({ length: lines }, newLine);
  /** Of each question, as many as ever stood in the file at once: those have answers. */
  const answered = new Map<number, number>();
  let [edited, sent, wronglySent, wrongLines] = [0, 0, 0, 0];

  for (let round = 0; round <= rounds; round += 1) {
    for (let count = round === 0 ? 0 : 1 + Math.floor(random() * 8); count > 0; count -= 1) {
      const names = Object.keys(edits);
      edits[names[Math.floor(random() * names.length)] ?? ""]?.(file, Math.floor(random() * file.length), newLine());
      edited += 1;
    }
    user.write("in.jsonl", `${file.map(textOf).join("\n")}\n`);
    const from = server.ledger.length;
    const { code, stderr } = await runFreely(user, runArguments(server));
    expect(code, stderr).toBe(0);

    const asked = countEach(server.ledger.slice(from).map(questionOf));
    for (const [question, count] of countEach(file.map((line) => line.question))) {
      const known = answered.get(question) ?? 0;
      if ((asked.get(question) ?? 0) !== Math.max(0, count - known)) wronglySent += 1;
      asked.delete(question);
      answered.set(question, Math.max(count, known));
    }
    wronglySent += asked.size;
    sent += server.ledger.length - from;
    const output = user.lines("out.jsonl");
    if (output.length !== file.length) wrongLines += 1;
    for (const [place, { customId, question, metadata }] of file.entries()) {
      const line = output[place];
      const fits = JSON.stringify(line?.response?.body).includes(`answer to question ${question}"`);
      if (line?.custom_id !== customId || line.metadata !== metadata || !fits) wrongLines += 1;
    }
  }
  figures.told("edits", edited);
  figures.told("requests sent in all", sent);
  figures.exactly("requests sent though nothing about them was new, or not sent though they were", wronglySent, 0);
  figures.exactly("lines of the output that do not answer their lines of the input", wrongLines, 0);
  expect(figures.missed(`${lines} lines, ${rounds} rounds of up to 8 edits`)).toEqual([]);
});

function textOf({ question, customId, metadata, isRewritten }: Line): string {
  const message = `{"role":"user","content":"Question ${question}"}`;
  const body = isRewritten
    ? `{ "messages" : [ ${message} ] , "model" : "test-model" }`
    : `{"model":"test-model","messages":[${message}]}`;
  return `{"custom_id":"${customId}","metadata":${metadata},"body":${body}}`;
}
