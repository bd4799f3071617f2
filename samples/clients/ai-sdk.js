// Asks `llmbatch serve` by the AI SDK: npm install ai @ai-sdk/openai-compatible @ai-sdk/anthropic zod
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";

const baseURL = `${process.env.SERVER ?? "http://localhost:8000"}/v1`;
const apiKey = process.env.TOKEN ?? "any";
// The server asks again by itself.
const maxRetries = 0;

const openai = createOpenAICompatible({ name: "llmbatch", baseURL, apiKey });
const { text } = await generateText({ model: openai("gpt-5.4-mini"), prompt: "Name a river.", maxRetries });
console.log(text);

const anthropic = createAnthropic({ baseURL, apiKey });
const { textStream } = streamText({ model: anthropic("claude-haiku-4-5"), prompt: "Name a lake.", maxRetries });
for await (const piece of textStream) process.stdout.write(piece);
console.log();
