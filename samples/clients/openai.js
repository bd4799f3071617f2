// Asks `llmbatch serve` by the `openai` package.
import OpenAI from "openai";

const client = new OpenAI({
  baseURL: `${process.env.SERVER ?? "http://localhost:8000"}/v1`,
  apiKey: process.env.TOKEN ?? "any", // the package wants one
});

const answer = await client.chat.completions.create({
  model: "gpt-5.4-mini",
  messages: [{ role: "user", content: "Name a river." }],
});
console.log(answer.choices[0].message.content);

const stream = await client.responses.create({ model: "gpt-5.4-mini", input: "Name a lake.", stream: true });
for await (const event of stream) if (event.type === "response.output_text.delta") process.stdout.write(event.delta);
console.log();
