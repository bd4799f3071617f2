import { ChatAnthropic } from "@langchain/anthropic";
import { HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { collect, pixelUrl, question, schema, tool } from "./content.js";

const openChat = ({ url, token, model, ...more }) =>
  new ChatOpenAI({ model, apiKey: token, configuration: { baseURL: `${url}/v1` }, ...more });
const openMessages = ({ url, token, model, ...more }) =>
  new ChatAnthropic({ model, apiKey: token, anthropicApiUrl: url, maxTokens: 2000, ...more });

const image = [
  new HumanMessage({
    content: [
      { type: "text", text: question("image") },
      { type: "image_url", image_url: { url: pixelUrl } },
    ],
  }),
];

/** Calls that both families of models have. */
function callsOf(open) {
  const withTools = (to) => open(to).bindTools([{ type: "function", function: { ...tool, parameters: schema } }]);
  return {
    plain: (to) => open(to).invoke(question("plain")),
    "plain, streamed": async (to) => collect(await open({ ...to, streamUsage: false }).stream(question("plain"))),
    "plain, streamed with usage": async (to) => collect(await open({ ...to, streamUsage: true }).stream(question("plain"))),
    tools: (to) => withTools(to).invoke(question("tools")),
    "tools, streamed": async (to) => collect(await withTools(to).stream(question("tools"))),
    image: (to) => open(to).invoke(image),
    "image, streamed": async (to) => collect(await open(to).stream(image)),
  };
}

export const langchainOpenAiCalls = {
  ...callsOf(openChat),
  invalid: (to) => openChat({ ...to, modelKwargs: { model: "" } }).invoke(question("plain")),
  schema: (to) =>
    openChat(to).withStructuredOutput(schema, { name: "trip", method: "jsonSchema", strict: true }).invoke(question("schema")),
  reasoning: (to) => openChat({ ...to, reasoningEffort: "low" }).invoke(question("reasoning")),
  "responses: plain": (to) => openChat({ ...to, useResponsesApi: true }).invoke(question("plain")),
  "responses: plain, streamed": async (to) => collect(await openChat({ ...to, useResponsesApi: true }).stream(question("plain"))),
  "responses: tools": (to) =>
    openChat({ ...to, useResponsesApi: true })
      .bindTools(toolsOfOpenAi)
      .invoke(question("tools")),
  embeddings: ({ url, token, model, ...more }) =>
    new OpenAIEmbeddings({ model, apiKey: token, configuration: { baseURL: `${url}/v1` }, ...more }).embedDocuments(["a", "b"]),
};

const toolsOfOpenAi = [{ type: "function", function: { ...tool, parameters: schema } }];

export const langchainAnthropicCalls = {
  ...callsOf(openMessages),
  invalid: (to) => openMessages({ ...to, invocationKwargs: { model: 7 } }).invoke(question("plain")),
  schema: (to) =>
    openMessages(to).withStructuredOutput(schema, { name: "trip", method: "jsonSchema" }).invoke(question("schema")),
  reasoning: (to) => openMessages({ ...to, thinking: { type: "enabled", budget_tokens: 1024 } }).invoke(question("reasoning")),
  "reasoning, streamed": async (to) =>
    collect(await openMessages({ ...to, thinking: { type: "enabled", budget_tokens: 1024 } }).stream(question("reasoning"))),
};
