import type { Anthropic } from "@anthropic-ai/sdk";
import type { OpenAI } from "openai";

/** A request as the vendor's own client is asked for it, and the body that a line of llmbatch has for the same. */
export interface SdkRequest {
  readonly name: string;
  readonly path: string;
  readonly body: object;
  /** Asks by the client; the answer does not matter. */
  ask(): Promise<unknown>;
}

const picture = "data:image/png;base64,iVBORw0KGgo=";
const parameters = { type: "object" as const, properties: { city: { type: "string" } }, required: ["city"] };
const ends = { include_usage: true };

const chatBodies = {
  "a question": { model: "gpt-x", messages: [{ role: "user", content: 'Grüße 😀\u2028\n"?"' }] },
  "all kinds of settings": {
    model: "gpt-x",
    messages: [
      { role: "developer", content: "Be brief." },
      { role: "user", content: "Hi", name: "me" },
    ],
    n: 2,
    temperature: 0.1,
    top_p: 1,
    seed: -7,
    stop: ["\n\n"],
    logit_bias: { "50256": -100 },
    logprobs: true,
    top_logprobs: 3,
    max_completion_tokens: 5,
    reasoning_effort: "low",
    service_tier: "flex",
    metadata: { batch: "7" },
    response_format: { type: "json_schema", json_schema: { name: "a", strict: true, schema: parameters } },
  },
  tools: {
    model: "gpt-x",
    messages: [
      { role: "user", content: "Weather in Rome?" },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Rome"}' } }],
      },
      { role: "tool", tool_call_id: "call_1", content: '{"sky":"clear"}' },
    ],
    tools: [{ type: "function", function: { name: "weather", description: "Now", strict: true, parameters } }],
    tool_choice: { type: "function", function: { name: "weather" } },
    parallel_tool_calls: false,
  },
  "an image and audio": {
    model: "gpt-x",
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: picture, detail: "low" } },
          { type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } },
        ],
      },
    ],
  },
} satisfies Readonly<Record<string, OpenAI.ChatCompletionCreateParamsNonStreaming>>;

const responsesBodies = {
  "a question": { model: "gpt-x", input: "Hi" },
  "items, tools and a format": {
    model: "gpt-x",
    instructions: "Be brief.",
    input: [
      {
        role: "user",
        content: [
          { type: "input_text", text: "What is this?" },
          { type: "input_image", image_url: picture, detail: "auto" },
        ],
      },
      { type: "function_call", call_id: "call_1", name: "weather", arguments: "{}" },
      { type: "function_call_output", call_id: "call_1", output: "clear" },
    ],
    tools: [{ type: "function", name: "weather", parameters, strict: false }],
    reasoning: { effort: "low", summary: "auto" },
    text: { format: { type: "json_schema", name: "a", schema: parameters } },
    include: ["reasoning.encrypted_content"],
    max_output_tokens: 50,
    store: false,
  },
} satisfies Readonly<Record<string, OpenAI.Responses.ResponseCreateParamsNonStreaming>>;

const embeddingsBodies = {
  "several texts": { model: "text-embedding-x", input: ["one", "two"], dimensions: 5, encoding_format: "float" },
  tokens: { model: "text-embedding-x", input: [[1, 2], [3]], encoding_format: "base64" },
} satisfies Readonly<Record<string, OpenAI.EmbeddingCreateParams>>;

const completionsBodies = {
  "two prompts": { model: "base", prompt: ["Once", "Twice"], max_tokens: 5, echo: true, logprobs: 1, best_of: 2, suffix: "." },
} satisfies Readonly<Record<string, OpenAI.CompletionCreateParamsNonStreaming>>;

const messagesBodies = {
  "a question": { model: "claude-x", max_tokens: 50, messages: [{ role: "user", content: "Grüße 😀" }] },
  "a system prompt, an image and tools": {
    model: "claude-x",
    max_tokens: 50,
    system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } }],
    messages: [
      {
        role: "user",
        content: [
          { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } },
          { type: "text", text: "Weather here?" },
        ],
      },
      { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Rome" } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "clear", is_error: false }] },
    ],
    tools: [{ name: "weather", description: "Now", input_schema: parameters }],
    tool_choice: { type: "auto", disable_parallel_tool_use: true },
    thinking: { type: "enabled", budget_tokens: 1024 },
    stop_sequences: ["END"],
    metadata: { user_id: "me" },
    service_tier: "auto",
  },
} satisfies Readonly<Record<string, Anthropic.MessageCreateParamsNonStreaming>>;

/** Asked of OpenAI's client, or Azure's, in one piece and as streams. */
export function openaiRequests(client: OpenAI): SdkRequest[] {
  const { chat, responses, embeddings, completions } = client;
  return [
    ...Object.entries(chatBodies).flatMap(([name, body]) => [
      request(name, "/v1/chat/completions", body, (asked) => chat.completions.create(asked)),
      request(`${name}, streamed`, "/v1/chat/completions", { ...body, stream: true as const, stream_options: ends }, (asked) =>
        chat.completions.create(asked),
      ),
    ]),
    ...Object.entries(responsesBodies).flatMap(([name, body]) => [
      request(name, "/v1/responses", body, (asked) => responses.create(asked)),
      request(`${name}, streamed`, "/v1/responses", { ...body, stream: true as const }, (asked) => responses.create(asked)),
    ]),
    ...Object.entries(embeddingsBodies).map(([name, body]) =>
      request(name, "/v1/embeddings", body, (asked) => embeddings.create(asked)),
    ),
    ...Object.entries(completionsBodies).flatMap(([name, body]) => [
      request(name, "/v1/completions", body, (asked) => completions.create(asked)),
      request(`${name}, streamed`, "/v1/completions", { ...body, stream: true as const, stream_options: ends }, (asked) =>
        completions.create(asked),
      ),
    ]),
  ];
}

/** Asked of Anthropic's client. */
export function anthropicRequests({ messages }: Anthropic): SdkRequest[] {
  return Object.entries(messagesBodies).flatMap(([name, body]) => [
    request(name, "/v1/messages", body, (asked) => messages.create(asked)),
    request(`${name}, streamed`, "/v1/messages", { ...body, stream: true as const }, (asked) => messages.create(asked)),
  ]);
}

function request<Body extends object>(name: string, path: string, body: Body, ask: (body: Body) => Promise<unknown>): SdkRequest {
  return { name: `${path}: ${name}`, path, body, ask: () => ask(body) };
}
