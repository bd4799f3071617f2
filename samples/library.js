// Sends a batch from a program. Run it with `node samples/library.js`: it asks the built-in mock.
import { createMemoryCache, createProvider, RequestManager, startMockServer } from "llmbatch";

const server = await startMockServer({ latencyMs: 20 });
const manager = new RequestManager({
  // With a key: createProvider("openai", { apiKey: process.env.OPENAI_API_KEY })
  provider: createProvider("openai", { baseUrl: server.url }),
  cache: createMemoryCache(),
  concurrency: 20,
  requestsPerMinute: 6_000,
  model: "gpt-5.4-mini",
});

// The simple case: an array in, an array out, in the same order. A failed request is a result too.
const results = await manager.processBatch([
  "Name three rivers in Europe.",
  { messages: [{ role: "user", content: "What is 17 times 23?" }], max_completion_tokens: 20 },
]);
for (const { customId, text, error } of results) console.log(customId, text ?? error?.message);

// Any number of requests as a stream: memory does not grow with their number.
async function* prompts() {
  for (let number = 1; number <= 100; number += 1) yield `Write the number ${number} in words.`;
}
let answered = 0;
for await (const result of manager.run(prompts())) if (result.error === null) answered += 1;

console.log(`${answered} of 100 answered, ${manager.stats.totalTokens} tokens spent so far`);
await manager.close();
await server.close();
