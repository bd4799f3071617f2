import { assert, integer, pre, property, tuple } from "fast-check";
import { describe, expect, it } from "vitest";
import { overflowOf, truncate } from "../../src/context/context.ts";
import { member } from "../../src/json/json-value.ts";
import { arbitraryConversation, type Spoken } from "./conversations.ts";

/** The estimate is tested elsewhere. */
const countBytes = ({ body }: { readonly body: string }): number => Math.ceil(Buffer.byteLength(body) / 4);

/** Numbers, keys and white space that `JSON.stringify` would write otherwise. */
function bodyOf({ key, items }: Spoken): string {
  const list = items.map((item) => ` ${JSON.stringify(item)}`).join(" ,");
  return `{"model":"m", "seed":9223372036854775807,"x":1.0,"${key}": [${list} ],"max_tokens":10 , "x":1e2}`;
}

const isInstruction = (item: unknown): boolean => ["system", "developer"].includes(String(member(item, "role")));
const isUsers = (item: unknown): boolean => member(item, "role") === "user";
const brings = (item: unknown): boolean => JSON.stringify(item).includes('"tool_result"');

/** Any conversation, and a window between what its instructions alone take and more than all takes. */
const situation = tuple(arbitraryConversation, integer({ min: 40, max: 700 }));

describe("a request that is too long", () => {
  it("keeps instructions, the last question, pairs, order and bytes, and fits", () => {
    let truncated = 0;
    assert(
      property(situation, ([spoken, windowTokens]) => {
        const request = { path: spoken.path, body: bodyOf(spoken), maxOutputTokens: 10 };
        const overflow = overflowOf(request, windowTokens, countBytes);
        pre(overflow !== undefined);
        if (overflow === undefined) return;
        const cut = truncate(request, overflow, countBytes);
        if (cut === undefined) return;
        truncated += 1;

        const gone = new Set(cut.dropped.map((name) => Number(/\[(\d+)\]$/.exec(name)?.[1])));
        const kept = spoken.items.map((_, index) => index).filter((index) => !gone.has(index));
        expect(gone.size).toBeGreaterThan(0);

        const items = kept.flatMap((index) => spoken.items[index] ?? []);
        expect(cut.body, "what is left is as it was, byte for byte, in its order").toBe(bodyOf({ ...spoken, items }));
        expect(() => JSON.parse(cut.body)).not.toThrow();

        expect(
          spoken.items.filter((item, index) => isInstruction(item) && gone.has(index)),
          "instructions",
        ).toEqual([]);
        expect(gone, "the last question").not.toContain(spoken.items.findLastIndex(isUsers));
        for (const [one, other] of spoken.pairs) expect(gone.has(one), "pairs stay whole").toBe(gone.has(other));
        const first = spoken.items[kept.find((index) => !isInstruction(spoken.items[index])) ?? -1];
        expect(isUsers(first) && !brings(first), "the first message is a user's own").toBe(true);

        expect(countBytes({ ...request, body: cut.body }) + 10, "fits").toBeLessThanOrEqual(windowTokens);
        expect(overflowOf({ ...request, body: cut.body }, windowTokens, countBytes)).toBeUndefined();
      }),
      { numRuns: 400 },
    );
    expect(truncated, "how often anything was dropped").toBeGreaterThan(50);
  });

  it("loses no turn more than it must", () => {
    let isTried = false;
    assert(
      property(situation, ([spoken, windowTokens]) => {
        const request = { path: spoken.path, body: bodyOf(spoken) };
        const overflow = overflowOf(request, windowTokens, countBytes);
        const cut = overflow && truncate(request, overflow, countBytes);
        pre(overflow !== undefined && cut !== undefined);
        if (overflow === undefined || cut === undefined) return;
        // With the turn that was dropped last it does not fit.
        const last = Number(/\[(\d+)\]$/.exec(cut.dropped.at(-1) ?? "")?.[1]);
        const isInside = (at: number): boolean => spoken.pairs.some(([one, other]) => one < at && at <= other);
        const turnStart = spoken.items.findLastIndex((item, at) => at <= last && isUsers(item) && !isInside(at));
        const back = spoken.items.filter((item, at) => at >= Math.max(0, turnStart) || isInstruction(item));
        const longer = { ...request, body: bodyOf({ ...spoken, items: back }) };
        isTried = true;
        expect(countBytes(longer)).toBeGreaterThan(windowTokens - overflow.outputTokens);
      }),
      { numRuns: 150 },
    );
    expect(isTried).toBe(true);
  });

  it("is left alone where its last turn is too long by itself", () => {
    const items = [
      { role: "user", content: "a" },
      { role: "assistant", content: "b" },
      { role: "user", content: "c".repeat(4_000) },
    ];
    const request = { path: "/v1/chat/completions", body: JSON.stringify({ model: "m", messages: items }) };
    const overflow = overflowOf(request, 1_000, countBytes);
    expect(overflow).toMatchObject({ windowTokens: 1_000, outputTokens: 62 });
    expect(overflow && truncate(request, overflow, countBytes)).toBeUndefined();
  });

  it.each(["/v1/completions", "/v1/embeddings", "/v1/responses"])("is left alone where it has no turns: %s", (path) => {
    const text = "word ".repeat(1_000);
    const body = JSON.stringify(path === "/v1/completions" ? { model: "m", prompt: text } : { model: "m", input: text });
    const overflow = overflowOf({ path, body }, 500, countBytes);
    expect(overflow).toBeDefined();
    expect(overflow && truncate({ path, body }, overflow, countBytes)).toBeUndefined();
  });

  it("is counted a few times, not once for each turn", () => {
    const messages = Array.from({ length: 1_001 }, (_, index) => ({
      role: index % 2 === 0 ? "user" : "assistant",
      content: `${index} ${"word ".repeat((index * 7) % 50)}`,
    }));
    const request = { path: "/v1/chat/completions", body: JSON.stringify({ model: "m", messages }) };
    let counts = 0;
    const counted = (asked: { path: string; body: string }): number => {
      counts += 1;
      return countBytes(asked);
    };
    const overflow = overflowOf(request, 12_000, counted);
    const cut = overflow && truncate(request, overflow, counted);
    expect(cut?.dropped.length).toBeGreaterThan(200);
    expect(counts).toBeLessThanOrEqual(13);
  });
});

function measure(path: string, body: object, windowTokens: number): unknown {
  return overflowOf({ path, body: JSON.stringify(body) }, windowTokens, countBytes);
}

describe("whether a request fits", () => {
  const messages = [{ role: "user", content: "word ".repeat(1_000) }];

  it("depends on the room for its answer: its own limit, or a sixteenth of the window and at most 4,096", () => {
    const tokens = countBytes({ body: JSON.stringify({ messages, max_tokens: 100 }) });
    expect(measure("/v1/chat/completions", { messages, max_tokens: 100 }, tokens + 100)).toBeUndefined();
    expect(measure("/v1/chat/completions", { messages, max_tokens: 100 }, tokens + 99)).toEqual({
      inputTokens: tokens,
      outputTokens: 100,
      windowTokens: tokens + 99,
    });
    expect(measure("/v1/chat/completions", { messages }, 1_260)).toMatchObject({ outputTokens: 78 });
    expect(measure("/v1/messages", { messages: [{ role: "user", content: "w".repeat(900_000) }] }, 200_000)).toMatchObject({
      outputTokens: 4_096,
    });
    expect(measure("/v1/responses", { input: messages, max_output_tokens: 5_000 }, 5_100)).toMatchObject({ outputTokens: 5_000 });
  });

  it("is decided for each choice, and for each text, by itself", () => {
    expect(measure("/v1/chat/completions", { messages, max_tokens: 500, n: 8 }, 2_000)).toBeUndefined();
    const text = "word ".repeat(100);
    expect(measure("/v1/embeddings", { input: Array.from({ length: 50 }, () => text) }, 200)).toBeUndefined();
    expect(measure("/v1/embeddings", { input: [text, text.repeat(2)] }, 200)).toMatchObject({ outputTokens: 0 });
    expect(measure("/v1/completions", { prompt: [text, text], max_tokens: 10 }, 200)).toBeUndefined();
    expect(measure("/v1/completions", { prompt: [text, text.repeat(2)], max_tokens: 10 }, 200)).toBeDefined();
  });

  it("is not asked where the server drops what is too long by itself", () => {
    expect(measure("/v1/responses", { input: messages }, 500)).toBeDefined();
    expect(measure("/v1/responses", { input: messages, truncation: "auto" }, 500)).toBeUndefined();
  });

  it("is counted for short bodies only where they name images or files", () => {
    let counts = 0;
    const count = (): number => {
      counts += 1;
      return 5_000;
    };
    const body = { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://a.test/b.png" } }] }] };
    expect(overflowOf({ path: "/v1/chat/completions", body: JSON.stringify(body) }, 4_000, count)).toBeDefined();
    expect(counts).toBe(1);
    const text = JSON.stringify({ messages: [{ role: "user", content: "ü".repeat(1_000) }] });
    expect(overflowOf({ path: "/v1/chat/completions", body: text }, 4_000, count)).toBeUndefined();
    expect(counts).toBe(1);
  });

  it("is not known of a body that is no object", () => {
    expect(overflowOf({ path: "/v1/responses", body: JSON.stringify("x".repeat(9_000)) }, 100, countBytes)).toBeUndefined();
  });
});
