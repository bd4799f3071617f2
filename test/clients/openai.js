import { collect, pixelUrl, question, schema, tool } from "./content.js";

const chat = (topic, body = {}) => ({ messages: [{ role: "user", content: question(topic) }], ...body });

/** The calls of a version of the `openai` package. */
export function openaiCalls({ OpenAI }) {
  const open = ({ url, token, ...more }) => new OpenAI({ baseURL: `${url}/v1`, apiKey: token, ...more });
  const tools = [{ type: "function", function: { ...tool, parameters: schema } }];
  const asked = { include_usage: true };
  const bodies = {
    plain: chat("plain"),
    tools: chat("tools", { tools }),
    schema: chat("schema", { response_format: { type: "json_schema", json_schema: { name: "trip", schema, strict: true } } }),
    image: {
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: question("image") },
            { type: "image_url", image_url: { url: pixelUrl } },
          ],
        },
      ],
    },
    reasoning: chat("reasoning", { reasoning_effort: "low" }),
  };
  const calls = {};
  for (const [name, body] of Object.entries(bodies)) {
    calls[name] = ({ model, ...to }) => open(to).chat.completions.create({ model, ...body });
    calls[`${name}, streamed`] = async ({ model, ...to }) =>
      collect(await open(to).chat.completions.create({ model, ...body, stream: true }));
    calls[`${name}, streamed with usage`] = async ({ model, ...to }) =>
      collect(await open(to).chat.completions.create({ model, ...body, stream: true, stream_options: asked }));
  }
  const inputs = {
    plain: { input: question("plain") },
    tools: { input: question("tools"), tools: [{ type: "function", ...tool, parameters: schema, strict: true }] },
    schema: { input: question("schema"), text: { format: { type: "json_schema", name: "trip", schema, strict: true } } },
    reasoning: { input: question("reasoning"), reasoning: { effort: "low" } },
  };
  for (const [name, body] of Object.entries(inputs)) {
    calls[`responses: ${name}`] = ({ model, ...to }) => open(to).responses.create({ model, ...body });
    calls[`responses: ${name}, streamed`] = async ({ model, ...to }) =>
      collect(await open(to).responses.create({ model, ...body, stream: true }));
  }
  calls["responses: helper"] = ({ model, ...to }) =>
    open(to)
      .responses.stream({ model, ...inputs.plain })
      .finalResponse();
  calls["completions: plain"] = ({ model, ...to }) => open(to).completions.create({ model, prompt: question("plain") });
  calls["completions: plain, streamed"] = async ({ model, ...to }) =>
    collect(await open(to).completions.create({ model, prompt: question("plain"), stream: true }));
  calls["embeddings"] = ({ model, ...to }) => open(to).embeddings.create({ model, input: ["a", "b"] });
  calls["embeddings: float"] = ({ model, ...to }) =>
    open(to).embeddings.create({ model, input: ["a", "b"], encoding_format: "float" });
  calls["request id"] = async ({ model, ...to }) => {
    const { _request_id: id } = await open(to).chat.completions.create({ model, ...bodies.plain });
    return id;
  };
  calls["invalid"] = (to) => open(to).chat.completions.create(bodies.plain);
  return calls;
}
