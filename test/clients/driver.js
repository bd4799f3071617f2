// One process with all clients, which does the calls that it is sent over IPC: `{ id, client, call, to, times }`.
import * as anthropic1 from "@anthropic-ai/sdk";
import * as anthropic0 from "anthropic-0";
import * as openai6 from "openai";
import * as openai5 from "openai-5";
import { aiAnthropicCalls, aiCompatibleCalls, aiOpenAiCalls, aiResponsesCalls } from "./ai-sdk.js";
import { anthropicCalls } from "./anthropic.js";
import { curlCalls } from "./curl.js";
import { langchainAnthropicCalls, langchainOpenAiCalls } from "./langchain.js";
import { llamaindexCalls } from "./llamaindex.js";
import { openaiCalls } from "./openai.js";

const clients = {
  "openai 5": openaiCalls(openai5),
  "openai 6": openaiCalls(openai6),
  "anthropic 0": anthropicCalls(anthropic0),
  "anthropic 1": anthropicCalls(anthropic1),
  "langchain openai": langchainOpenAiCalls,
  "langchain anthropic": langchainAnthropicCalls,
  "ai openai": aiOpenAiCalls,
  "ai responses": aiResponsesCalls,
  "ai compatible": aiCompatibleCalls,
  "ai anthropic": aiAnthropicCalls,
  llamaindex: llamaindexCalls,
  curl: curlCalls,
};

globalThis.AI_SDK_LOG_WARNINGS = false;

process.on("message", async ({ id, client, call, to, times = 1 }) => {
  const startedAt = performance.now();
  const outcome = await attempt(clients[client][call], to, times);
  process.send({ id, ...outcome, tookMs: performance.now() - startedAt });
});
// Packages report a broken stream beside the call that it breaks, too.
process.on("unhandledRejection", () => {});

const calls = Object.fromEntries(Object.entries(clients).map(([name, own]) => [name, Object.keys(own)]));
process.send({ ready: calls });

async function attempt(call, to, times) {
  try {
    const values = await Promise.all(Array.from({ length: times }, () => call(to)));
    return { ok: true, value: times === 1 ? (values[0] ?? null) : values };
  } catch (thrown) {
    return { ok: false, error: described(thrown) };
  }
}

/** The error that a client ends with; some wrap the one of the last attempt. */
function described(thrown) {
  const error = thrown?.lastError ?? thrown;
  const { message, status, statusCode, responseBody } = error;
  let { code } = error;
  code ??= error.error?.code ?? error.error?.error?.code ?? error.error?.error?.type;
  if (typeof responseBody === "string" && code === undefined) {
    try {
      const body = JSON.parse(responseBody);
      code = body.error?.code ?? body.error?.type;
    } catch {}
  }
  return { name: error.constructor?.name, message: String(message).slice(0, 500), status: status ?? statusCode, code };
}
