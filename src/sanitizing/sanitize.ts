import { isJsonObject, type JsonObject, member, parseJson } from "../json/json-value.ts";
import { editJson } from "../json/json-edits.ts";
import { removeMembers } from "../json/json-removals.ts";
import { objectMembers, prependMembers } from "../json/json-text.ts";
import type { Condition, SanitizingRule } from "./rule.ts";
import { sanitizingRules } from "./rules.ts";

/** Whose model is asked. */
interface AskedModel {
  /** Where its requests go; undefined for a provider of a program's own. */
  readonly baseUrl: string | undefined;
  /** As the service calls it. */
  readonly model: string;
}

/** A change that a rule asks for. */
export interface Sanitizing {
  readonly rule: SanitizingRule;
  /** What it changes, in words: `temperature`, `max_tokens -> max_completion_tokens`, `+max_tokens=4096`. */
  readonly changes: readonly string[];
}

/** A body without what is refused. */
interface Sanitized {
  /** JSON text; all that is not changed is as it was, byte for byte. */
  readonly body: string;
  /** At least one. */
  readonly sanitizings: readonly Sanitizing[];
}

/** The rules about a model, whichever API it is asked by. */
export function rulesFor({ baseUrl, model }: AskedModel): readonly SanitizingRule[] {
  const host = baseUrl !== undefined && URL.canParse(baseUrl) ? new URL(baseUrl).hostname : "";
  return sanitizingRules.filter(
    ({ hosts, models, except }) =>
      (hosts === undefined || hosts.test(host)) &&
      (models === undefined || models.test(model)) &&
      (except === undefined || !except.test(model)),
  );
}

/**
 * Changes a body as rules ask for.
 *
 * @param path The API.
 * @param body JSON text.
 * @param rules Those of its model.
 * @returns undefined where nothing is to be changed.
 */
export function sanitize(path: string, body: string, rules: readonly SanitizingRule[]): Sanitized | undefined {
  const own = rules.filter(({ paths }) => paths.some((ending) => path.endsWith(ending)));
  const value = own.length === 0 ? undefined : parseJson(body);
  if (!isJsonObject(value)) return undefined;
  const sanitizings: Sanitizing[] = [];
  let text = body;
  for (const rule of own) {
    if (rule.when !== undefined && !isTrue(rule.when, value)) continue;
    const { changed, changes } = applied(rule, text, value);
    if (changes.length === 0) continue;
    text = changed;
    sanitizings.push({ rule, changes });
  }
  return sanitizings.length === 0 ? undefined : { body: text, sanitizings };
}

function isTrue(condition: Condition, body: JsonObject): boolean {
  const effort = body["reasoning_effort"] ?? member(body["reasoning"], "effort") ?? undefined;
  switch (condition) {
    case "effort-given":
      return effort !== undefined && effort !== "none";
    case "effort-not-none":
      return effort !== "none";
    case "not-streamed":
      return body["stream"] !== true;
    case "has-temperature":
      return isSet(body["temperature"]);
  }
}

/** @param value Of the body as it was given: no two rules about one model change the same member in different ways. */
function applied({ change }: SanitizingRule, text: string, value: JsonObject): { changed: string; changes: readonly string[] } {
  if ("add" in change) {
    if (isSet(value[change.add])) return { changed: text, changes: [] };
    const added = prependMembers(removeMembers(text, new Set([change.add])), `${JSON.stringify(change.add)}:${change.value}`);
    return { changed: added, changes: [`+${change.add}=${change.value}`] };
  }
  if ("rename" in change) return renamed(change.rename, change.to, text, value);
  const { drop, accepts = {} } = change;
  const keys = drop.filter((key) => isSet(value[key]) && !(Object.hasOwn(accepts, key) && accepts[key] === value[key]));
  const changed = removeMembers(text, new Set(keys));
  return { changed, changes: changed === text ? [] : keys };
}

function renamed(key: string, to: string, text: string, value: JsonObject): { changed: string; changes: readonly string[] } {
  if (!isSet(value[key])) return { changed: text, changes: [] };
  if (isSet(value[to])) return { changed: removeMembers(text, new Set([key])), changes: [key] };
  const free = removeMembers(text, new Set([to]));
  const last = objectMembers(free).findLast((one) => one.key === key);
  const valueText = last === undefined ? "null" : free.slice(last.valueStart, last.end);
  const changed = editJson(free, [{ keys: [key], replaces: "member", text: `${JSON.stringify(to)}:${valueText}` }]);
  return { changed: removeMembers(changed, new Set([key])), changes: [`${key} -> ${to}`] };
}

/** Servers take `null` for a member that is not there. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}
