import { chatRecordings } from "./chat-recordings.ts";
import { messagesRecordings } from "./messages-recordings.ts";
import { responsesRecordings } from "./responses-recordings.ts";
import { chat } from "./stream-pieces.ts";
import type { WireRecording } from "./wire-recording.ts";

const completionHead = { id: "cmpl-1", object: "text_completion", created: 1_780_000_000, model: "base" };

const completionsRecordings: readonly WireRecording[] = [
  {
    name: "a text for each of two prompts",
    path: "/v1/completions",
    request: { model: "base", prompt: ["a", "b"] },
    events: chat([
      { ...completionHead, choices: [{ index: 1, text: "Grü", logprobs: null, finish_reason: null }] },
      { ...completionHead, choices: [{ index: 0, text: "y", logprobs: null, finish_reason: "length" }] },
      { ...completionHead, choices: [{ index: 1, text: "ße", logprobs: null, finish_reason: "stop" }] },
      { ...completionHead, choices: [], usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 } },
    ]),
  },
];

export const wireRecordings: readonly WireRecording[] = [
  ...chatRecordings,
  ...completionsRecordings,
  ...responsesRecordings,
  ...messagesRecordings,
];
