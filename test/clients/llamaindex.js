import { OpenAI, OpenAIEmbedding } from "@llamaindex/openai";
import { collect, pixelUrl, question, schema, tool } from "./content.js";

const open = ({ url, token, model, ...more }) => new OpenAI({ model, apiKey: token, baseURL: `${url}/v1`, ...more });
const ask = (topic) => ({ messages: [{ role: "user", content: question(topic) }] });
const tools = [{ metadata: { ...tool, parameters: schema }, call: () => "sunny" }];
const image = {
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: question("image") },
        { type: "image_url", image_url: { url: pixelUrl } },
      ],
    },
  ],
};
const streamed = async (to, options) => collect(await open(to).chat({ ...options, stream: true }));

export const llamaindexCalls = {
  plain: (to) => open(to).chat(ask("plain")),
  "plain, streamed": (to) => streamed(to, ask("plain")),
  "plain, streamed with usage": (to) =>
    streamed({ ...to, additionalChatOptions: { stream_options: { include_usage: true } } }, ask("plain")),
  tools: (to) => open(to).chat({ ...ask("tools"), tools }),
  "tools, streamed": (to) => streamed(to, { ...ask("tools"), tools }),
  schema: (to) =>
    open(to).chat({
      ...ask("schema"),
      responseFormat: { type: "json_schema", json_schema: { name: "trip", schema, strict: true } },
    }),
  image: (to) => open(to).chat(image),
  "image, streamed": (to) => streamed(to, image),
  reasoning: (to) => open({ ...to, reasoningEffort: "low" }).chat(ask("reasoning")),
  embeddings: ({ url, token, model, ...more }) =>
    new OpenAIEmbedding({ model, apiKey: token, baseURL: `${url}/v1`, ...more }).getTextEmbeddings(["a", "b"]),
  invalid: (to) => open({ ...to, additionalChatOptions: { model: "" } }).chat(ask("plain")),
};
