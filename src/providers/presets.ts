import type { TokenCounting } from "../model/cost.ts";
import type { AuthorizationStyle } from "./request-headers.ts";

/** Where a well-known service is and how it wants its key. */
export interface Preset {
  /** Absent where every customer has an address of their own. */
  readonly baseUrl?: string;
  /** The environment variable that customarily holds another base URL. */
  readonly baseUrlVariable?: string;
  /** What is added to such a base URL if it is a bare origin, where that is not what the API itself adds. */
  readonly pathOfBareOrigin?: string;
  /** The API that is its own. @default "/v1/chat/completions" */
  readonly ownPath?: string;
  /** Paths of protocols that it is known not to have. */
  readonly lacks?: readonly string[];
  /** The environment variable that customarily holds the key. */
  readonly apiKeyVariable?: string;
  readonly authorization: AuthorizationStyle;
  /** Without a key this service answers nothing but 401. */
  readonly keyRequired: boolean;
  /** How it counts tokens per minute, where that is not the sum of request and answer. */
  readonly tokenCounting?: TokenCounting;
  /** Of the limit on requests that its headers tell, where that is not a minute. */
  readonly requestsPeriodMs?: number;
  /** Headers whose values are customarily in environment variables: the variable by the header's name. */
  readonly headerVariables?: Readonly<Record<string, string>>;
}

const dayMs = 86_400_000;

/** Base URLs and variables as each service documents them. */
const services: Readonly<Record<string, Preset>> = {
  openai: {
    ...hosted("https://api.openai.com/v1", "OPENAI_API_KEY"),
    baseUrlVariable: "OPENAI_BASE_URL",
    lacks: ["/v1/messages"],
    tokenCounting: "larger",
    headerVariables: { "openai-organization": "OPENAI_ORG_ID", "openai-project": "OPENAI_PROJECT_ID" },
  },
  anthropic: {
    ...hosted("https://api.anthropic.com", "ANTHROPIC_API_KEY"),
    baseUrlVariable: "ANTHROPIC_BASE_URL",
    ownPath: "/v1/messages",
    lacks: ["/v1/responses", "/v1/embeddings", "/v1/completions"],
    authorization: "x-api-key",
  },
  azure: {
    baseUrlVariable: "AZURE_OPENAI_ENDPOINT",
    pathOfBareOrigin: "/openai/v1",
    apiKeyVariable: "AZURE_OPENAI_API_KEY",
    authorization: "api-key",
    keyRequired: true,
  },
  openrouter: hosted("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
  groq: { ...hosted("https://api.groq.com/openai/v1", "GROQ_API_KEY"), requestsPeriodMs: dayMs },
  gemini: hosted("https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"),
  mistral: hosted("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
  deepseek: hosted("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
  xai: hosted("https://api.x.ai/v1", "XAI_API_KEY"),
  together: hosted("https://api.together.ai/v1", "TOGETHER_API_KEY"),
  fireworks: hosted("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
  cerebras: hosted("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
  ollama: local("http://localhost:11434/v1"),
  vllm: local("http://localhost:8000/v1", "VLLM_API_KEY"),
  llamacpp: local("http://localhost:8080/v1", "LLAMA_API_KEY"),
  lmstudio: local("http://127.0.0.1:1234/v1"),
};

/** By the name that `--provider` takes. Without a prototype, so that no preset is called `constructor`. */
export const presets: Readonly<Record<string, Preset>> = Object.setPrototypeOf(services, null);

function hosted(baseUrl: string, apiKeyVariable: string): Preset {
  return { baseUrl, apiKeyVariable, authorization: "bearer", keyRequired: true };
}

function local(baseUrl: string, apiKeyVariable?: string): Preset {
  return { baseUrl, ...(apiKeyVariable !== undefined && { apiKeyVariable }), authorization: "bearer", keyRequired: false };
}
