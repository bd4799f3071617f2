import { isJsonObject, type JsonObject, member } from "../json/json-value.ts";
import { presets } from "../providers/providers.ts";
import { optionTable } from "./option-table.ts";

/** A configuration in our shape, and for a person, what of the file has no effect. */
export interface TranslatedConfiguration {
  readonly content: Record<string, unknown>;
  readonly unused: readonly string[];
}

/**
 * Translates the `llms.json` of llms.py, of any of its versions: `{ "defaults": …, "providers": { "groq": { "enabled": true, "type":
 * "OpenAiProvider", "base_url": "https://api.groq.com/openai", "api_key": "$GROQ_API_KEY", "models": { "kimi-k2": "moonshotai/kimi-k2" } } } }`.
 * Versions 1 and 2 add `/v1` to each `base_url`; version 3 calls a whole address `api`, and its keys' variables `env`.
 *
 * @returns undefined for a file of another shape: `defaults` and a provider's `type` or `npm` are in none of ours.
 */
export function readLlmsJson(content: object): TranslatedConfiguration | undefined {
  const { providers, defaults, limits, ...others } = membersOf(content);
  const entries = Object.entries(membersOf(providers));
  if (!isJsonObject(defaults) && !entries.some(([, entry]) => hasText(entry, "type") || hasText(entry, "npm"))) return undefined;
  const model = member(member(defaults, "text"), "model");
  const isServed = entries.some(([, entry]) => member(entry, "enabled") !== false && namesModel(entry, model));
  const { client_timeout: timeout, retries, ...limitsLeft } = membersOf(limits);
  const options = Object.entries(others).filter(([key]) => ownKeys.has(key));
  const left = Object.keys(others).filter((key) => !ownKeys.has(key) && key !== "version");
  const unused = [
    ...left,
    ...(isServed || model === undefined ? [] : ["defaults.text.model"]),
    ...Object.keys(limitsLeft).map((key) => `limits.${key}`),
  ];
  return {
    content: {
      providers: Object.fromEntries(entries.map(([name, entry]) => [name, providerOf(name, entry)])),
      ...(isServed && { model }),
      ...(timeout !== undefined && { timeout }),
      ...(retries !== undefined && { max_retries: retries }),
      ...Object.fromEntries(options),
    },
    unused: [...unused, ...entries.flatMap(([name, entry]) => unusedOf(name, entry))],
  };
}

const ownKeys: ReadonlySet<string> = new Set([...optionTable.map(({ key }) => key), "routes", "prices", "$schema"]);

/** Members of bodies that a provider of theirs may add; a line's own win here. */
const bodyKeys: ReadonlySet<string> = new Set([
  "enable_thinking",
  "frequency_penalty",
  "max_completion_tokens",
  "n",
  "parallel_tool_calls",
  "presence_penalty",
  "reasoning_effort",
  "seed",
  "service_tier",
  "stop",
  "store",
  "temperature",
  "top_logprobs",
  "top_p",
  "verbosity",
]);

const usedKeys: ReadonlySet<string> = new Set([
  "all_models",
  "api",
  "api_key",
  "base_url",
  "check",
  "enabled",
  "env",
  "headers",
  "id",
  "map_models",
  "models",
  "name",
  "npm",
  "stream",
  "type",
]);

function providerOf(name: string, entry: unknown): unknown {
  if (!isJsonObject(entry)) return entry;
  const { api_key, env, enabled, headers, stream, ...rest } = entry;
  const variable = Array.isArray(env) && typeof env[0] === "string" ? `$${env[0]}` : undefined;
  const key = api_key === undefined || api_key === null || api_key === "" ? variable : api_key;
  const models = modelsOf(rest);
  const set = Object.entries(rest).filter(([parameter]) => bodyKeys.has(parameter));
  return {
    ...addressOf(name, rest),
    ...(key !== undefined && { api_keys: [key] }),
    ...(models !== undefined && { models }),
    ...(headers !== undefined && { headers }),
    ...(stream !== undefined && { stream }),
    ...(enabled !== undefined && { enabled }),
    ...(set.length > 0 && { set: Object.fromEntries(set) }),
  };
}

/** A preset is what our own address is known for: its limits, and its APIs. */
function addressOf(name: string, { type, api, base_url: origin }: JsonObject): object {
  const address = typeof origin === "string" ? `${origin.replace(/\/+$/, "")}/v1` : (origin ?? api);
  if (address === undefined) return type === "GoogleProvider" || name === "google" ? { preset: "gemini" } : {};
  const preset = Object.keys(presets).find((known) => bare(presets[known]?.baseUrl ?? "-") === bare(address));
  return preset === undefined ? { base_url: address } : { preset };
}

function bare(address: unknown): string {
  return String(address).replace(/(?:\/v1)?\/*$/, "");
}

/** Theirs by the names that requests use. A server that is asked which models it has (`all_models`) may have any. */
function modelsOf({ models, map_models: mapped, all_models: all }: JsonObject): unknown {
  const given = mapped ?? models;
  if (!isJsonObject(given)) return given;
  const entries = Object.entries(given).map(([name, model]) => [
    name,
    isJsonObject(model) ? (member(model, "id") ?? name) : model,
  ]);
  return entries.length === 0 && all === true ? undefined : Object.fromEntries(entries);
}

function namesModel(entry: unknown, model: unknown): boolean {
  const models = isJsonObject(entry) ? modelsOf(membersOf(entry)) : undefined;
  return typeof model === "string" && (Array.isArray(models) ? models.includes(model) : member(models, model) !== undefined);
}

function unusedOf(name: string, entry: unknown): string[] {
  const members = membersOf(entry);
  if (members["enabled"] === false) return [];
  return Object.keys(members).flatMap((key) => (usedKeys.has(key) || bodyKeys.has(key) ? [] : [`providers.${name}.${key}`]));
}

function hasText(value: unknown, key: string): boolean {
  return typeof member(value, key) === "string";
}

function membersOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
