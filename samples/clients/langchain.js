// Asks `llmbatch serve` by LangChain: npm install @langchain/openai @langchain/anthropic @langchain/core
import { ChatAnthropic } from "@langchain/anthropic";
import { ChatOpenAI } from "@langchain/openai";

const server = process.env.SERVER ?? "http://localhost:8000";
const apiKey = process.env.TOKEN ?? "any";
// The server asks again by itself; LangChain would ask six times more for each request that fails.
const maxRetries = 0;

const gpt = new ChatOpenAI({ model: "gpt-5.4-mini", apiKey, maxRetries, configuration: { baseURL: `${server}/v1` } });
console.log((await gpt.invoke("Name a river.")).text);

const claude = new ChatAnthropic({ model: "claude-haiku-4-5", apiKey, maxRetries, anthropicApiUrl: server });
for await (const chunk of await claude.stream("Name a lake.")) process.stdout.write(chunk.text);
console.log();
