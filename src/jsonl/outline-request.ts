import { isJsonObject } from "../json/json-value.ts";
import type { BatchRequest } from "../model/request.ts";
import { typeProblem } from "./invalid-line.ts";
import { cutTexts, promptDraft, readForm } from "./line-forms.ts";
import { Problem } from "./problem.ts";
import { readCustomId, readModel, readUrl } from "./read-envelope.ts";
import { readJson } from "./read-json.ts";
import { inferPath } from "./request-path.ts";

interface Outline {
  /** Its own, if it has one. */
  readonly customId: string | undefined;
  /** As far as it is known: the model and the path may be empty, and the body has no defaults and no files. */
  readonly request: BatchRequest;
}

/**
 * Reads what a request asks, before the options of a run are known.
 *
 * @param text Of a line in any input form.
 */
export function outlineRequest(text: string): Outline | Problem {
  const value = readJson(text);
  if (value instanceof Problem) return value;
  if (!isJsonObject(value) && typeof value !== "string") return typeProblem(value);
  const url = isJsonObject(value) ? readUrl(value) : undefined;
  if (url instanceof Problem) return url;
  const draft = isJsonObject(value) ? readForm(value, url) : promptDraft;
  if (draft instanceof Problem) return draft;
  const model = readModel(draft.body) ?? "";
  if (model instanceof Problem) return model;
  const path = url ?? draft.path ?? inferPath(draft.body, model) ?? "";
  const { body } = cutTexts(value, draft, text, url);
  return { customId: readCustomId(value), request: { kind: "request", lineNumber: 1, customId: "", path, model, body } };
}
