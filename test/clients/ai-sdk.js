import { collect, pixel, question, schema, tool } from "./content.js";

const image = [
  {
    role: "user",
    content: [
      { type: "text", text: question("image") },
      { type: "image", image: Buffer.from(pixel, "base64"), mediaType: "image/png" },
    ],
  },
];

/** What is the same in each call; the rest is when, and the headers. */
const said = async ({ text, toolCalls, reasoningText, usage, finishReason, warnings, content }) => ({
  text: await text,
  toolCalls: await toolCalls,
  reasoning: await reasoningText,
  usage: await usage,
  finishReason: await finishReason,
  warnings: await warnings,
  content: await content,
});

/** The calls of a version of `ai`, by provider. @param packages Its own, and those of its providers of the same generation. */
export function aiCalls({ ai, createAnthropic, createOpenAI, createOpenAICompatible }) {
  const { embedMany, generateObject, generateText, jsonSchema, streamObject, streamText } = ai;
  const tools = { [tool.name]: ai.tool({ description: tool.description, inputSchema: jsonSchema(schema) }) };

  /** `fullStream` tells of errors, which `textStream` keeps to itself. */
  async function streamed(options) {
    const stream = streamText({ ...options, onError: () => {} });
    const parts = await collect(stream.fullStream);
    const failed = parts.find(({ type }) => type === "error");
    if (failed !== undefined) throw failed.error;
    return { deltas: parts.filter(({ type }) => type.endsWith("-delta")), ...(await said(stream)) };
  }

  /** The calls of one of its providers. @param modelOf Of where, and of what name. */
  function callsOf(modelOf) {
    const calls = {};
    const bodies = {
      plain: { prompt: question("plain") },
      tools: { prompt: question("tools"), tools },
      image: { messages: image },
      reasoning: { prompt: question("reasoning"), providerOptions: { openai: { reasoningEffort: "low", forceReasoning: true } } },
    };
    for (const [name, body] of Object.entries(bodies)) {
      const options = ({ maxRetries, ...to }) => ({
        model: modelOf(to),
        ...body,
        ...(maxRetries !== undefined && { maxRetries }),
      });
      calls[name] = async (to) => said(await generateText(options(to)));
      calls[`${name}, streamed`] = (to) => streamed(options(to));
    }
    calls["schema"] = async (to) => {
      const { object, usage } = await generateObject({
        model: modelOf(to),
        prompt: question("schema"),
        schema: jsonSchema(schema),
      });
      return { object, usage };
    };
    calls["schema, streamed"] = async (to) => {
      const stream = streamObject({ model: modelOf(to), prompt: question("schema"), schema: jsonSchema(schema) });
      await collect(stream.fullStream);
      return { object: await stream.object, usage: await stream.usage };
    };
    calls["invalid"] = (to) => generateText({ model: modelOf({ ...to, model: "" }), prompt: question("plain") });
    return calls;
  }

  const openOpenAi = ({ url, token }) => createOpenAI({ baseURL: `${url}/v1`, apiKey: token });
  const openCompatible = ({ url, token, includeUsage }) =>
    createOpenAICompatible({
      name: "llmbatch",
      baseURL: `${url}/v1`,
      apiKey: token,
      includeUsage,
      supportsStructuredOutputs: true,
    });
  const vectorsOf = async (model) => (await embedMany({ model, values: ["a", "b"] })).embeddings;
  return {
    openai: {
      ...callsOf((to) => openOpenAi(to).chat(to.model)),
      embeddings: (to) => vectorsOf(openOpenAi(to).embedding(to.model)),
    },
    responses: callsOf((to) => openOpenAi(to).responses(to.model)),
    compatible: {
      ...callsOf((to) => openCompatible(to).chatModel(to.model)),
      "plain, streamed with usage": (to) =>
        streamed({ model: openCompatible({ ...to, includeUsage: true }).chatModel(to.model), prompt: question("plain") }),
      embeddings: (to) => vectorsOf(openCompatible(to).embeddingModel(to.model)),
    },
    anthropic: callsOf((to) => createAnthropic({ baseURL: `${to.url}/v1`, apiKey: to.token })(to.model)),
  };
}
