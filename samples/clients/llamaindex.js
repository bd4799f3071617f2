// Asks `llmbatch serve` by LlamaIndex: npm install @llamaindex/openai
import { OpenAI } from "@llamaindex/openai";

const llm = new OpenAI({
  model: "gpt-5.4-mini",
  baseURL: `${process.env.SERVER ?? "http://localhost:8000"}/v1`,
  apiKey: process.env.TOKEN ?? "any",
  timeout: 600_000, // ms; 60 s by default, which is short for a queue
});

const { message } = await llm.chat({ messages: [{ role: "user", content: "Name a river." }] });
console.log(message.content);

const stream = await llm.chat({ messages: [{ role: "user", content: "Name a lake." }], stream: true });
for await (const chunk of stream) process.stdout.write(chunk.delta);
console.log();
