import { describe, expect, it } from "vitest";
import { answerOf, prepare } from "./prepare.ts";

describe("embeddings", () => {
  it("are unit vectors of the length asked for", () => {
    for (const dimensions of [1, 2, 16, 3072]) {
      const [vector = []] = vectors({ input: "text", dimensions });
      expect(vector).toHaveLength(dimensions);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    }
  });

  it("belong to the text: the same one in every request, another for another text, model or seed", () => {
    const [one, two] = vectors({ input: ["one", "two"] });
    expect(vectors({ input: "one" })).toEqual([one]);
    expect(vectors({ input: ["two", "one"] })).toEqual([two, one]);
    expect(two).not.toEqual(one);
    expect(vectors({ input: "one", model: "f" })).not.toEqual([one]);
    expect(vectors({ input: "one" }, 1)).not.toEqual([one]);
  });

  it("come as base64 too, with the same numbers", () => {
    const { body } = embed({ input: "one", encoding_format: "base64" });
    const bytes = Buffer.from(body.data[0].embedding, "base64");
    const values = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
    expect([values]).toEqual(vectors({ input: "one" }));
  });

  it("take tokens instead of text, one list or several, and count them", () => {
    expect(embed({ input: [1, 2, 3] })).toMatchObject({ promptTokens: 3, completionTokens: 0, body: { data: [{ index: 0 }] } });
    expect(embed({ input: [[1, 2, 3], [4]] }).body).toMatchObject({
      data: [{ index: 0 }, { index: 1 }],
      usage: { prompt_tokens: 4, total_tokens: 4 },
    });
    expect(embed({ input: ["12345678", "1"] }).promptTokens).toBe(3);
  });

  it.each([
    ["input", {}],
    ["input", { input: "" }],
    ["input", { input: [] }],
    ["input", { input: ["a", ""] }],
    ["input", { input: ["a", 1] }],
    ["input", { input: [[1], []] }],
    ["input", { input: [1.5] }],
    ["input", { input: { text: "a" } }],
    ["input", { input: Array.from({ length: 2049 }, () => "a") }],
    ["dimensions", { input: "a", dimensions: 0 }],
    ["dimensions", { input: "a", dimensions: 3073 }],
    ["dimensions", { input: "a", dimensions: "8" }],
    ["encoding_format", { input: "a", encoding_format: "hex" }],
  ])("refuse a wrong %s", (param, body) => {
    const { ok, reply } = prepare("/embeddings", { model: "e", ...body });
    expect(ok).toBe(false);
    expect(reply.statusCode).toBe(400);
    expect(JSON.parse(reply.body).error.param).toBe(param);
  });
});

function embed(body: object, seed = 0) {
  return answerOf("/embeddings", { model: "e", ...body }, seed);
}

function vectors(body: object, seed = 0): number[][] {
  return embed(body, seed).body.data.map(({ embedding }: { embedding: number[] }) => embedding);
}
