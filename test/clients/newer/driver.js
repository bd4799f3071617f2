// The clients that want Node 22, in one process.
import * as ai from "ai";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import * as openai7 from "openai";
import { aiCalls } from "../ai-sdk.js";
import { answerCalls } from "../answer-calls.js";
import { openaiCalls } from "../openai.js";

const ai7 = aiCalls({ ai, createAnthropic, createOpenAI, createOpenAICompatible });

answerCalls({
  "openai 7": openaiCalls(openai7),
  "ai 7 openai": ai7.openai,
  "ai 7 responses": ai7.responses,
  "ai 7 compatible": ai7.compatible,
  "ai 7 anthropic": ai7.anthropic,
});
