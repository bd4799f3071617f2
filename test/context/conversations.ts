import { array, type Arbitrary, boolean, constantFrom, integer, oneof, record, string, tuple } from "fast-check";
import { anyCharacter } from "../text/any-character.ts";

/** A conversation in one API's form. */
export interface Spoken {
  readonly path: string;
  readonly key: "messages" | "input";
  readonly items: readonly object[];
  /** Indexes of items that belong together: a call with its result, reasoning with what it led to. */
  readonly pairs: readonly (readonly [number, number])[];
}

/** What is said, whichever API it is said in. */
type Part =
  | { readonly kind: "instruction"; readonly text: string; readonly role: string }
  | { readonly kind: "question"; readonly text: string }
  | { readonly kind: "answer"; readonly text: string }
  | { readonly kind: "calls"; readonly count: number; readonly text: string; readonly ends: "at once" | "later" | "never" };

const text = oneof(
  string({ maxLength: 60 }),
  string({ unit: anyCharacter, maxLength: 20 }),
  constantFrom("", "word ".repeat(40)),
);

const arbitraryPart: Arbitrary<Part> = oneof(
  { arbitrary: record({ kind: constantFrom("question" as const), text }), weight: 4 },
  { arbitrary: record({ kind: constantFrom("answer" as const), text }), weight: 4 },
  {
    arbitrary: record({
      kind: constantFrom("calls" as const),
      count: integer({ min: 1, max: 3 }),
      text,
      ends: constantFrom("at once" as const, "at once" as const, "later" as const, "never" as const),
    }),
    weight: 3,
  },
  {
    arbitrary: record({ kind: constantFrom("instruction" as const), text, role: constantFrom("system", "developer") }),
    weight: 1,
  },
);

/** With ids that are unique, or begin anew after each turn as those of local servers do. */
const parts = tuple(array(arbitraryPart, { minLength: 1, maxLength: 14 }), boolean());

export const arbitraryConversation: Arbitrary<Spoken> = tuple(constantFrom(chat, messages, responses), parts).map(
  ([write, [said, areIdsReused]]) => {
    let next = 0;
    const newId = (): string => `call_${areIdsReused ? next++ % 3 : next++}`;
    return write(said, newId);
  },
);

function chat(said: readonly Part[], newId: () => string): Spoken {
  const items: object[] = [];
  const pairs: [number, number][] = [];
  for (const part of said) {
    if (part.kind === "instruction") items.push({ role: part.role, content: part.text });
    if (part.kind === "question") items.push({ role: "user", content: [{ type: "text", text: part.text }] });
    if (part.kind === "answer") items.push({ role: "assistant", content: part.text });
    if (part.kind !== "calls") continue;
    const ids = Array.from({ length: part.count }, newId);
    const at = items.push({
      role: "assistant",
      content: null,
      tool_calls: ids.map((id) => ({ id, type: "function", function: { name: "look", arguments: part.text } })),
    });
    if (part.ends === "never") continue;
    if (part.ends === "later") items.push({ role: "user", content: "and?" });
    for (const id of ids) pairs.push([at - 1, items.push({ role: "tool", tool_call_id: id, content: part.text }) - 1]);
  }
  return { path: "/v1/chat/completions", key: "messages", items, pairs };
}

function messages(said: readonly Part[], newId: () => string): Spoken {
  const items: object[] = [];
  const pairs: [number, number][] = [];
  for (const part of said) {
    if (part.kind === "instruction") items.push({ role: "system", content: part.text });
    if (part.kind === "question") items.push({ role: "user", content: part.text });
    if (part.kind === "answer") items.push({ role: "assistant", content: [{ type: "text", text: part.text }] });
    if (part.kind !== "calls") continue;
    const ids = Array.from({ length: part.count }, newId);
    const at = items.push({ role: "assistant", content: ids.map((id) => ({ type: "tool_use", id, name: "look", input: {} })) });
    if (part.ends === "never") continue;
    if (part.ends === "later") items.push({ role: "user", content: "and?" });
    const results = ids.map((id) => ({ type: "tool_result", tool_use_id: id, content: part.text }));
    pairs.push([at - 1, items.push({ role: "user", content: [...results, { type: "text", text: part.text }] }) - 1]);
  }
  return { path: "/v1/messages", key: "messages", items, pairs };
}

function responses(said: readonly Part[], newId: () => string): Spoken {
  const items: object[] = [];
  const pairs: [number, number][] = [];
  for (const part of said) {
    if (part.kind === "instruction") items.push({ role: part.role, content: part.text });
    if (part.kind === "question")
      items.push({ type: "message", role: "user", content: [{ type: "input_text", text: part.text }] });
    if (part.kind === "answer") {
      items.push({ type: "reasoning", id: "rs", summary: [] }, { type: "message", role: "assistant", content: part.text });
      pairs.push([items.length - 2, items.length - 1]);
    }
    if (part.kind !== "calls") continue;
    const ids = Array.from({ length: part.count }, newId);
    items.push({ type: "reasoning", id: "rs", summary: [] });
    const calls = ids.map((id) => items.push({ type: "function_call", call_id: id, name: "look", arguments: part.text }) - 1);
    pairs.push([(calls[0] ?? 0) - 1, calls[0] ?? 0]);
    if (part.ends === "never") continue;
    if (part.ends === "later") items.push({ role: "user", content: "and?" });
    for (const [index, id] of ids.entries())
      pairs.push([calls[index] ?? 0, items.push({ type: "function_call_output", call_id: id, output: part.text }) - 1]);
  }
  return { path: "/v1/responses", key: "input", items, pairs };
}
