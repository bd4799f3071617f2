import { expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer } from "../support/scripted-server.ts";
import { type OutputLine, Workplace } from "./cli.ts";

const order = {
  type: "object",
  properties: {
    id: { type: "integer" },
    kind: { enum: ["book", "film"] },
    at: { type: "string", format: "date-time" },
    items: { type: "array", items: { type: "object", properties: { price: { type: "number" } }, required: ["price"] } },
  },
  required: ["id", "kind", "at", "items"],
  additionalProperties: false,
};

interface Order {
  readonly id: number;
  readonly kind: string;
  readonly at: string;
  readonly items: readonly { readonly price: number }[];
}

const good = (id: number): Order => ({ id, kind: "book", at: "2026-11-30T12:00:00Z", items: [{ price: 1 }, { price: 2.5 }] });
const json = (value: unknown): string => JSON.stringify(value);

/** Ten ways of answering wrongly, and what is said of each. */
const ways: readonly (readonly [says: (answer: Order) => string, problem: string])[] = [
  [(answer) => json({ ...answer, kind: undefined }), "it must have required property 'kind'"],
  [(answer) => json({ ...answer, id: String(answer.id) }), "/id must be integer"],
  [(answer) => json({ ...answer, note: "new" }), 'it must not have the property "note"'],
  [() => "I am sorry, there is no such order.", "the answer is not JSON: expected a value at column 1, found I"],
  [(answer) => `\`\`\`json\n${json(answer)}\n\`\`\``, "the answer is not JSON: it stands in a code fence"],
  [(answer) => json(answer).slice(0, -9), "the answer is not JSON: it breaks off before its end"],
  [(answer) => json({ ...answer, kind: "song" }), '/kind must be one of "book", "film"'],
  [(answer) => json({ ...answer, at: "30.11.2026" }), '/at must match format "date-time"'],
  [(answer) => json({ ...answer, items: [...answer.items, { price: "3" }] }), "/items/2/price must be number"],
  [(answer) => `${json(answer)}\n\nIs there anything else?`, "the answer is not JSON: more text follows its end"],
];

const count = 200;
/** 30 of them, three in each way: scattered, and never two of one way side by side. */
const wayOf = (id: number): (typeof ways)[number] | undefined =>
  id % 20 < 3 ? ways[(Math.floor(id / 20) * 3 + (id % 20)) % ways.length] : undefined;
const broken = Array.from({ length: count }, (_, id) => id).flatMap((id) => {
  const [says, problem] = wayOf(id) ?? [];
  return says === undefined || problem === undefined ? [] : [{ id, text: says(good(id)), problem }];
});

interface Question {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

/** A user with 200 questions, and a server that answers 30 of them well only when it is told what was wrong. */
async function gate(): Promise<{ user: Workplace; run: string[]; asked: readonly Question[] }> {
  const asked: Question[] = [];
  const server = await serve(({ body }) => {
    const question: Question = JSON.parse(body);
    asked.push(question);
    const [first, said, told] = question.messages;
    const answer = good(Number(first?.content));
    const [says, problem] = wayOf(answer.id) ?? [];
    const isTold =
      said?.content === says?.(answer) && problem !== undefined && told?.content.toLowerCase().includes(problem.toLowerCase());
    return chatAnswer(says === undefined || isTold ? json(answer) : says(answer));
  });
  const user = new Workplace();
  const response_format = { type: "json_schema", json_schema: { name: "order", strict: true, schema: order } };
  const lines = Array.from({ length: count }, (_, id) => ({
    custom_id: `order-${id}`,
    body: { model: "m", messages: [{ role: "user", content: String(id) }], response_format },
  }));
  user.write("in.jsonl", lines);
  return {
    user,
    run: ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "--validate-output", "--retry-delay", "0"],
    asked,
  };
}

function contentOf(line: OutputLine | undefined): unknown {
  expect(line?.response?.body).toHaveProperty("choices[0].message.content");
  const { choices } = JSON.parse(json(line?.response?.body));
  return choices[0].message.content;
}

it("a schema gate: of 200 answers, 30 of them broken in ten ways, each is found, repaired and accepted, and none is lost", async () => {
  expect(broken).toHaveLength(30);
  const { user, run, asked } = await gate();
  const { code, stderr } = await user.runHere([...run, "--repair", "--log", "log.jsonl"]);
  expect(code, stderr).toBe(0);

  const lines = user.lines("out.jsonl");
  expect(lines.map((line) => line.custom_id)).toEqual(Array.from({ length: count }, (_, id) => `order-${id}`));
  expect(lines.map(contentOf)).toEqual(lines.map((_, id) => json(good(id))));
  expect(asked).toHaveLength(count + broken.length);
  expect(asked.filter(({ messages }) => messages.length === 3)).toHaveLength(broken.length);

  const attempts = user.read("log.jsonl").match(/"event":"attempt-end".*/g) ?? [];
  const found = attempts.filter((event) => event.includes('"schema_mismatch"'));
  expect(found).toHaveLength(broken.length);
  for (const [, problem] of ways)
    expect(
      found.filter((event) => event.includes(json(problem).slice(1, -1))),
      problem,
    ).toHaveLength(3);
  expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({ attempts: 230, requests_failed: 0, prompt_tokens: 2300 });

  const output = user.read("out.jsonl");
  expect(await user.runHere(run)).toMatchObject({ code: 0 });
  expect(user.read("out.jsonl")).toBe(output);
  expect(asked).toHaveLength(count + broken.length);
});

it("without repair they fail with their paths, and with the answers as they came", async () => {
  const { user, run, asked } = await gate();
  expect(await user.runHere([...run, "--max-retries", "0"])).toMatchObject({ code: 1 });
  expect(asked).toHaveLength(count);
  const lines = user.lines("out.jsonl");
  const failed = lines.filter(({ error }) => error !== null);
  expect(failed.map(({ custom_id }) => custom_id)).toEqual(broken.map(({ id }) => `order-${id}`));
  for (const [index, { text, problem }] of broken.entries()) {
    const line = failed[index];
    expect(line?.error).toMatchObject({ code: "schema_mismatch", message: expect.stringContaining(problem), attempts: 1 });
    expect(contentOf(line)).toBe(text);
  }
});
