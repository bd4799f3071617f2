import { LLMock } from "@copilotkit/aimock";
import type { WireRecording } from "./wire-recording.ts";

/** What an independent server streams: a text, a thought and two tool calls. */
export async function recordAimock(): Promise<WireRecording[]> {
  const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, input_tokens: 11, output_tokens: 7 };
  const call = { id: "call_1", name: "weather", arguments: '{"city":"Rome","days":3}' };
  const mock = await LLMock.create({ port: 0, logLevel: "silent" });
  mock.onMessage("text", { content: "Grüße, 日本 😀!", usage }, { chunkSize: 2 });
  mock.onMessage("tools", { content: "Let me look.", toolCalls: [call, { ...call, id: "call_2" }], usage }, { chunkSize: 3 });
  const found: WireRecording[] = [];
  for (const name of ["text", "tools"]) {
    const messages = [{ role: "user", content: name }];
    const requests: [path: string, request: object][] = [
      ["/v1/chat/completions", { model: "gpt-x", messages, stream: true, stream_options: { include_usage: true } }],
      ["/v1/responses", { model: "gpt-x", input: name, stream: true }],
      ["/v1/messages", { model: "claude-x", max_tokens: 50, messages, stream: true }],
    ];
    for (const [path, request] of requests) {
      const answer = await fetch(mock.url + path, { method: "POST", body: JSON.stringify(request) });
      found.push({ name: `aimock's ${name}`, path, request, events: await answer.text() });
    }
  }
  await mock.stop();
  return found;
}
