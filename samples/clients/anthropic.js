// Asks `llmbatch serve` by Anthropic's package.
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({
  baseURL: process.env.SERVER ?? "http://localhost:8000", // without /v1
  apiKey: process.env.TOKEN ?? "any",
});

const body = { model: "claude-haiku-4-5", max_tokens: 100, messages: [{ role: "user", content: "Name a river." }] };
const { content } = await client.messages.create(body);
console.log(content[0].text);

for await (const event of client.messages.stream(body))
  if (event.type === "content_block_delta") process.stdout.write(event.delta.text);
console.log();
