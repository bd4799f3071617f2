import { items, member } from "../json/json-value.ts";

/** The text of a message's content: a text, or parts of which some are texts; thinking and calls of tools are not. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return items(content)
    .map((part) => (isTextPart(part) ? textOf(member(part, "text")) : ""))
    .join("");
}

/** Whether a part of a content is a text; `output_text` is what Responses call it. */
export function isTextPart(part: unknown): boolean {
  const type = member(part, "type");
  return type === "text" || type === "output_text";
}
