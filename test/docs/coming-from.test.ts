import { describe, expect, it } from "vitest";
import { pages } from "./pages.ts";

/** Lines of the reference documents' own examples, without blank ones and comments, each counted in that document. */
const originals = {
  SimpleLLMFunc: { lines: 10, example: "Interfaces, OpenAICompatible, from file and directly" },
  FastLLM: { lines: 5, example: "API Reference, RequestBatch, usage example; its setup is not shown" },
  "OpenHands LLM": { lines: 13, example: "LLM API Reference, StreamingLLM, usage example" },
  "llm-api-client": { lines: 29 + 7, example: "README, usage, and usage statistics" },
  "llms.py": { lines: 12, example: "API Reference, JavaScript/TypeScript" },
};

const page = pages.find(({ path }) => path === "docs/coming-from.md");

/** The first program below a heading, without blank lines and comments. That it runs, `examples.test.ts` shows. */
function portOf(heading: string): string[] {
  const [, section = ""] = (page?.text ?? "").split(`\n## ${heading}\n`);
  const [, program = ""] = /^```js\n(.*?)^```$/ms.exec(section.split("\n## ")[0] ?? "") ?? [];
  return program.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("//"));
}

describe("ports of the first programs of five other systems", () => {
  it.each(Object.entries(originals))("%s: is at most two lines longer than its original", (heading, { lines }) => {
    const port = portOf(heading);
    expect(port[0]).toMatch(/^import .* from "llmbatch";$/);
    expect(port.length).toBeLessThanOrEqual(lines + 2);
    expect(Math.max(...port.map((line) => line.length)), "no line is long to save another").toBeLessThanOrEqual(128);
  });

  it("are five, each below a heading of its own", () => {
    const headings = [...(page?.text ?? "").matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(Object.keys(originals));
  });
});
