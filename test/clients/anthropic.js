import { collect, pixel, question, schema, tool } from "./content.js";

const ask = (topic, body = {}) => ({ max_tokens: 2000, messages: [{ role: "user", content: question(topic) }], ...body });

/** The calls of a version of `@anthropic-ai/sdk`. */
export function anthropicCalls({ Anthropic }) {
  const open = ({ url, token, ...more }) => new Anthropic({ baseURL: url, apiKey: token, ...more });
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } };
  const bodies = {
    plain: ask("plain"),
    tools: ask("tools", { tools: [{ ...tool, input_schema: schema }] }),
    schema: ask("schema", { output_config: { format: { type: "json_schema", schema } } }),
    image: { max_tokens: 50, messages: [{ role: "user", content: [{ type: "text", text: question("image") }, image] }] },
    reasoning: ask("reasoning", { thinking: { type: "enabled", budget_tokens: 1024 } }),
  };
  const calls = {};
  for (const [name, body] of Object.entries(bodies)) {
    calls[name] = ({ model, ...to }) => open(to).messages.create({ model, ...body });
    calls[`${name}, streamed`] = async ({ model, ...to }) =>
      collect(await open(to).messages.create({ model, ...body, stream: true }));
    calls[`${name}, helper`] = ({ model, ...to }) =>
      open(to)
        .messages.stream({ model, ...body })
        .finalMessage();
  }
  calls["request id"] = async ({ model, ...to }) => {
    const { _request_id: id } = await open(to).messages.create({ model, ...bodies.plain });
    return id;
  };
  calls["invalid"] = (to) => open(to).messages.create(bodies.plain);
  return calls;
}
