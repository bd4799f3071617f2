import { describe, expect, it } from "vitest";
import { streamed } from "../support/scripted-server.ts";
import { recordedStreams } from "../providers/protocols/recorded-streams.ts";
import { textOfAnswer } from "../../src/providers/providers.ts";
import { serveManagers } from "./managers.ts";

describe.each(Object.entries(recordedStreams))("a stream of %s", (path, streams) => {
  it.each(streams)("gives text, whichever API it is: $name", async ({ events, body }) => {
    const { createManager } = await serveManagers(() => streamed(events));
    const request = { url: path, body: { model: "m", max_tokens: 9, messages: [], prompt: "x", input: "x" } };
    const text = await createManager().stream(request).text();
    const texts: string[] = [];
    for await (const piece of createManager().stream(request)) texts.push(piece.text);
    expect(texts.join("")).toBe(text);
    expect(text).toBe(textOfAnswer(path, typeof body === "string" ? JSON.parse(body) : body));
  });
});
