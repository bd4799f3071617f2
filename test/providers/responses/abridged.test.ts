import { expect, it } from "vitest";
import { createProvider } from "../../../src/index.ts";
import type { ReceivedEvent } from "../../../src/providers/providers.ts";
import { serve } from "../../support/closing.ts";
import { endlessBody, streamed } from "../../support/scripted-server.ts";
import { chat, piece } from "../protocols/stream-pieces.ts";

const request = {
  kind: "request",
  lineNumber: 1,
  customId: "a",
  path: "/v1/chat/completions",
  model: "m",
  body: '{"model":"m"}',
} as const;
const word = "word ".repeat(2000);
const signal = new AbortController().signal;

it("of a long stream that is passed on, only the beginning is kept: all events come, and the usage", async () => {
  const usage = { prompt_tokens: 7, completion_tokens: 100_000, total_tokens: 100_007 };
  const words = Array.from({ length: 50 }, () => piece({ content: word, reasoning_content: word }, { usage: null }));
  const events = chat([...words, piece({}, {}, "stop"), { choices: [], usage }]);
  const { url } = await serve(() => streamed(events));
  const provider = createProvider("openai", { baseUrl: url });
  let text = "";
  const onEvent = (event: ReceivedEvent): undefined => void (text += event.text);
  const attempt = await provider.send(request, { signal, onEvent });
  expect(text.match(/word /g)).toHaveLength(50 * 2 * 2000);
  expect(attempt).toMatchObject({ ok: true, response: { isAbridged: true, usage: { completionTokens: 100_000 } } });
  expect(JSON.stringify(attempt).length).toBeLessThan(400_000);
  const whole = await provider.send(request, { signal });
  expect(whole).toMatchObject({ ok: true, response: { usage: { completionTokens: 100_000 } } });
  expect(JSON.stringify(whole).match(/word /g)).toHaveLength(50 * 2 * 2000);
  await provider.close();
});

it("what is estimated of one that is given up counts what was not kept", async () => {
  const { url } = await serve(() => endlessBody(streamed(chat([piece({ content: word })]).replace("data: [DONE]\n\n", ""))));
  const provider = createProvider("openai", { baseUrl: url });
  const client = new AbortController();
  let events = 0;
  const onEvent = (): undefined => {
    events += 1;
    if (events === 100) client.abort();
  };
  const attempt = await provider.send(request, { signal: client.signal, onEvent });
  const tokens = attempt.ok ? 0 : (attempt.usage?.completionTokens ?? 0);
  expect(tokens).toBeGreaterThan(events * 1500);
  expect(tokens).toBeLessThan(events * 3000);
  await provider.close();
});
