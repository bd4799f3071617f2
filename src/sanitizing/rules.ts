import type { SanitizingRule } from "./rule.ts";

const openai = /(?:^|\.)openai\.com$|\.openai\.azure\.com$|\.cognitiveservices\.azure\.com$|\.services\.ai\.azure\.com$/;
const anthropic = /(?:^|\.)anthropic\.com$/;
const xai = /(?:^|\.)x\.ai$/;
const chat = ["/chat/completions"];
const chatAndResponses = ["/chat/completions", "/responses"];
const messages = ["/messages"];

/** Fine-tuned models are called `ft:MODEL:…`. What follows the family is a size, a date or the like. */
const reasons = /^(?:ft:)?(?:o[1-9](?![\w.])|gpt-[5-9](?!\d))/;
const reasonsAlways = /^(?:ft:)?(?:o[1-9](?![\w.])|gpt-5(?![\d.])|gpt-5\.[1-4]-(?:chat|codex|pro))/;
const reasonsWhenAsked = /^(?:ft:)?gpt-5\.[1-4](?!\d|-(?:chat|codex|pro))/;
const reasonsUnlessTold = /^(?:ft:)?gpt-(?:5\.(?:[5-9]|\d\d)|[6-9])(?!\d)/;
const noReasoning = /^(?:ft:)?gpt-5-(?:chat|search)/;

const sampling = ["temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias"];
const samplingDefaults = { temperature: 1, top_p: 1, presence_penalty: 0, frequency_penalty: 0, logprobs: false };

/** What is known. Of a service or a model that is in no rule nothing is changed. */
export const sanitizingRules: readonly SanitizingRule[] = [
  {
    name: "openai-sampling",
    whose:
      "OpenAI and Azure: o-series, gpt-5 with its mini, nano, pro and codex; of gpt-5.1 to gpt-5.4 the chat, codex and pro models",
    hosts: openai,
    models: reasonsAlways,
    except: noReasoning,
    paths: chatAndResponses,
    change: { drop: sampling, accepts: samplingDefaults },
    source: "https://github.com/tmc/langchaingo/issues/1355",
    date: "2025-08-10",
  },
  {
    name: "openai-sampling-with-effort",
    whose: "OpenAI and Azure: gpt-5.1 to gpt-5.4",
    hosts: openai,
    models: reasonsWhenAsked,
    paths: chatAndResponses,
    when: "effort-given",
    change: { drop: ["temperature", "top_p", "logprobs", "top_logprobs"], accepts: samplingDefaults },
    source: "https://github.com/vercel/ai/issues/10932",
    date: "2025-12-07",
  },
  {
    name: "openai-sampling-without-none",
    whose: "OpenAI and Azure: gpt-5.5 and later",
    hosts: openai,
    models: reasonsUnlessTold,
    paths: chatAndResponses,
    when: "effort-not-none",
    change: { drop: ["temperature", "top_p", "logprobs", "top_logprobs"], accepts: samplingDefaults },
    source: "https://github.com/BerriAI/litellm/pull/32060",
    date: "2026-07-03",
  },
  {
    name: "openai-search-sampling",
    whose: "OpenAI: models that search",
    hosts: openai,
    models: /-search-(?:preview|api)/,
    paths: chat,
    change: { drop: ["temperature", "top_p", "presence_penalty", "frequency_penalty"] },
    source: "https://github.com/vercel/ai/pull/5647",
    date: "2025-04-10",
  },
  {
    name: "openai-max-tokens",
    whose: "OpenAI and Azure: o-series, gpt-5 and later",
    hosts: openai,
    models: reasons,
    except: noReasoning,
    paths: chat,
    change: { rename: "max_tokens", to: "max_completion_tokens" },
    source: "https://github.com/continuedev/continue/issues/7052",
    date: "2025-08-07",
  },
  {
    name: "openai-stop",
    whose: "OpenAI and Azure: o3, o4-mini, gpt-5 to gpt-5.2",
    hosts: openai,
    models: /^(?:ft:)?(?:o3(?!-mini|\d)|o4|gpt-5(?:\.[12])?(?![\d.]))/,
    except: noReasoning,
    paths: chat,
    change: { drop: ["stop"] },
    source: "https://github.com/huggingface/smolagents/issues/1671",
    date: "2025-08-11",
  },
  {
    name: "openai-stream-options",
    whose: "OpenAI and Azure",
    hosts: openai,
    paths: ["/completions"],
    when: "not-streamed",
    change: { drop: ["stream_options"] },
    source: "https://github.com/BerriAI/litellm/issues/5803",
    date: "2024-09-20",
  },
  {
    name: "messages-max-tokens",
    whose: "every Messages API",
    paths: messages,
    change: { add: "max_tokens", value: 4_096 },
    source: "https://github.com/anthropics/anthropic-sdk-typescript/blob/main/src/resources/messages/messages.ts",
    date: "2026-11-20",
  },
  {
    name: "anthropic-sampling",
    whose: "Anthropic: Opus 4.7 and later, and the models of version 5 and later",
    hosts: anthropic,
    models: /^claude-(?:opus-4-[7-9](?!\d)|(?:opus|sonnet|haiku|fable|mythos)-(?:[5-9]|\d\d)(?!\d)|mythos-)/,
    paths: messages,
    change: { drop: ["temperature", "top_p", "top_k"], accepts: { temperature: 1 } },
    source: "https://github.com/Comfy-Org/ComfyUI/issues/13923",
    date: "2026-05-15",
  },
  {
    name: "anthropic-one-sampler",
    whose: "Anthropic: Opus 4.1 to 4.6, Sonnet and Haiku 4.5 and 4.6",
    hosts: anthropic,
    models: /^claude-(?:opus-4-[1-6](?!\d)|(?:sonnet|haiku)-4-[56](?!\d))/,
    paths: messages,
    when: "has-temperature",
    change: { drop: ["top_p"] },
    source: "https://github.com/SalesforceAIResearch/MCP-Universe/issues/49",
    date: "2026-01-26",
  },
  {
    name: "mistral-stream-options",
    whose: "Mistral",
    hosts: /(?:^|\.)mistral\.ai$/,
    paths: chat,
    change: { drop: ["stream_options"] },
    source: "https://github.com/openai/openai-agents-python/issues/442",
    date: "2025-04-05",
  },
  {
    name: "groq-fields",
    whose: "Groq",
    hosts: /(?:^|\.)groq\.com$/,
    paths: chat,
    change: { drop: ["n", "logprobs", "top_logprobs", "logit_bias"], accepts: { n: 1 } },
    source: "https://console.groq.com/docs/openai",
    date: "2026-11-30",
  },
  {
    name: "xai-presence-penalty",
    whose: "xAI: grok-3 and later",
    hosts: xai,
    models: /^grok-(?:[3-9]|code)/,
    paths: chat,
    change: { drop: ["presence_penalty"] },
    source: "https://github.com/miaoxworld/NativeTavern/issues/83",
    date: "2026-09-15",
  },
  {
    name: "xai-reasoning",
    whose: "xAI: grok-3-mini, grok-4 and later, those that reason",
    hosts: xai,
    models: /^grok-(?:3-mini|[4-9]|code)/,
    except: /non-reasoning/,
    paths: chat,
    change: { drop: ["frequency_penalty", "stop"] },
    source: "https://github.com/langgenius/dify-official-plugins/issues/3404",
    date: "2026-07-08",
  },
  {
    name: "gemini-penalties",
    whose: "Gemini 2.5 and later",
    hosts: /(?:^|\.)googleapis\.com$/,
    models: /^(?:models\/)?gemini-(?:2\.5|[3-9]|\d\d)/,
    paths: chat,
    change: { drop: ["presence_penalty", "frequency_penalty"], accepts: { presence_penalty: 0, frequency_penalty: 0 } },
    source: "https://github.com/google-gemini/cookbook/issues/1290",
    date: "2026-07-17",
  },
  {
    name: "deepseek-logprobs",
    whose: "DeepSeek: deepseek-reasoner",
    hosts: /(?:^|\.)deepseek\.com$/,
    models: /^deepseek-reasoner/,
    paths: chat,
    change: { drop: ["logprobs", "top_logprobs"] },
    source: "https://deepseek.apidog.io/reasoning-model-deepseek-reasoner-835841m0",
    date: "2025-02-06",
  },
];
