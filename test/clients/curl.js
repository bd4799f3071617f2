import { execFile } from "node:child_process";
import { pixelUrl, question, schema, tool } from "./content.js";

const ask = (topic, body = {}) => ({ messages: [{ role: "user", content: question(topic) }], ...body });

/** @returns the body. Rejects where curl ends with another code than 0, or the status is 400 or more. */
function post({ url, token, model }, path, body) {
  const args = ["-sS", "--fail-with-body", "-N", `${url}${path}`, "-H", `authorization: Bearer ${token}`, "-d", "@-"];
  return new Promise((resolve, reject) => {
    const child = execFile("curl", args, (error, stdout) => {
      if (error === null) return resolve(stdout);
      const problem = new Error(`${error.message}${stdout.slice(-300)}`);
      return reject(Object.assign(problem, { name: "CurlError", code: codeOf(stdout) ?? `exit code ${error.code}` }));
    });
    child.stdin.end(JSON.stringify({ model, ...body }));
  });
}

function codeOf(text) {
  try {
    return JSON.parse(text).error.code;
  } catch {
    return undefined;
  }
}

const chatPath = "/v1/chat/completions";
const tools = [{ type: "function", function: { ...tool, parameters: schema } }];
const content = [
  { type: "text", text: question("image") },
  { type: "image_url", image_url: { url: pixelUrl } },
];
const stream_options = { include_usage: true };

export const curlCalls = {
  plain: async (to) => JSON.parse(await post(to, chatPath, ask("plain"))),
  "plain, streamed": (to) => post(to, chatPath, ask("plain", { stream: true })),
  "plain, streamed with usage": (to) => post(to, chatPath, ask("plain", { stream: true, stream_options })),
  tools: async (to) => JSON.parse(await post(to, chatPath, ask("tools", { tools }))),
  "tools, streamed": (to) => post(to, chatPath, ask("tools", { tools, stream: true })),
  image: async (to) => JSON.parse(await post(to, chatPath, { messages: [{ role: "user", content }] })),
  "responses: plain, streamed": (to) => post(to, "/v1/responses", { input: question("plain"), stream: true }),
  "messages: plain, streamed": (to) => post(to, "/v1/messages", ask("plain", { stream: true, max_tokens: 50 })),
  embeddings: async (to) => JSON.parse(await post(to, "/v1/embeddings", { input: ["a", "b"] })),
  invalid: (to) => post({ ...to, model: undefined }, chatPath, ask("plain")),
};
