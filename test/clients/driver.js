// The clients that Node 20 has, in one process.
import * as ai from "ai";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import * as anthropic1 from "@anthropic-ai/sdk";
import * as anthropic0 from "anthropic-0";
import * as openai6 from "openai";
import * as openai5 from "openai-5";
import { aiCalls } from "./ai-sdk.js";
import { answerCalls } from "./answer-calls.js";
import { anthropicCalls } from "./anthropic.js";
import { curlCalls } from "./curl.js";
import { langchainAnthropicCalls, langchainOpenAiCalls } from "./langchain.js";
import { llamaindexCalls } from "./llamaindex.js";
import { openaiCalls } from "./openai.js";

const ai6 = aiCalls({ ai, createAnthropic, createOpenAI, createOpenAICompatible });

answerCalls({
  "openai 5": openaiCalls(openai5),
  "openai 6": openaiCalls(openai6),
  "anthropic 0": anthropicCalls(anthropic0),
  "anthropic 1": anthropicCalls(anthropic1),
  "langchain openai": langchainOpenAiCalls,
  "langchain anthropic": langchainAnthropicCalls,
  "ai openai": ai6.openai,
  "ai responses": ai6.responses,
  "ai compatible": ai6.compatible,
  "ai anthropic": ai6.anthropic,
  llamaindex: llamaindexCalls,
  curl: curlCalls,
});
