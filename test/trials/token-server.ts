import { hash } from "node:crypto";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { computeChatCompletionTokenCount } from "gpt-tokenizer/functionCalling";
import { chatAnswer, delayed, type ReceivedCall, type Reply } from "../support/scripted-server.ts";
import { randomNumbers } from "./commands.ts";
import { variedBody, type VariedBody, type VariedImage, type VariedMessage } from "./varied-lines.ts";

/** What a server counts: messages and functions as gpt-tokenizer does, images as OpenAI's guide says. It shares no code with the program. */
export function promptTokens({ messages, tools }: VariedBody): number {
  const plain = messages.map((message) => {
    const called = message.tool_calls?.[0]?.function;
    return { role: message.role, content: textOf(message), ...(called && { function_call: called }) };
  });
  const functions = tools?.map((tool) => tool.function);
  const request = { messages: plain, ...(functions && { functions }) };
  const images = messages
    .flatMap(({ content }) => (Array.isArray(content) ? content : []))
    .filter((part) => part.type === "image_url");
  const imageCosts = images.reduce((sum, image) => sum + imageTokens(image), 0);
  return computeChatCompletionTokenCount(request, (text) => countTokens(text)) + imageCosts;
}

function textOf({ content }: VariedMessage): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
}

function imageTokens({ image_url: image }: VariedImage): number {
  if (image.detail === "low") return 85;
  const header = Buffer.from(image.url.split(",")[1] ?? "", "base64");
  let [width, height] = [header.readUInt32BE(16), header.readUInt32BE(20)];
  const fit = Math.min(1, 2048 / Math.max(width, height));
  [width, height] = [width * fit, height * fit];
  const shrink = Math.min(1, 768 / Math.min(width, height));
  return 85 + 170 * Math.ceil((width * shrink) / 512) * Math.ceil((height * shrink) / 512);
}

/** Lengths of answers: most are short, some are long (log-normal), by what is asked. */
export function outputTokens(body: string, seed: number): number {
  const random = randomNumbers(hash("sha256", `${seed} ${body}`, "buffer").readInt32LE(0));
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.max(1, Math.min(2000, Math.round(Math.exp(5 + 0.7 * normal))));
}

/** Answers each request with what it counts. @param isSlow 0.3 s, and 8 ms for each token, go by first; else nothing does. */
export function countingScript(seed: number, isSlow: boolean): (call: ReceivedCall) => Reply {
  return (call) => {
    const body = variedBody.parse(JSON.parse(call.body));
    const [prompt, completion] = [promptTokens(body), outputTokens(call.body, seed)];
    const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
    return delayed(isSlow ? 300 + 8 * completion : 0, chatAnswer("…", { usage }));
  };
}
