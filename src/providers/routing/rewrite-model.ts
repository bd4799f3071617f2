import { objectMembers } from "../../json/json-text.ts";
import type { BatchRequest } from "../../model/request.ts";

/** The request with another model in its body, and with nothing else changed. */
export function withModel(request: BatchRequest, model: string): BatchRequest {
  if (request.model === model) return request;
  const { body } = request;
  // JSON.parse, and so every server, takes the last of equal keys.
  const member = objectMembers(body).findLast(({ key }) => key === "model");
  if (member === undefined) return request;
  return { ...request, model, body: body.slice(0, member.valueStart) + JSON.stringify(model) + body.slice(member.end) };
}
