import { isJsonObject, items, member } from "../../json/json-value.ts";
import { objectMembers, prependMembers } from "../../json/json-text.ts";
import { editJson } from "../../json/json-edits.ts";
import { textOf } from "../../model/content-text.ts";
import { misfitError } from "./misfit-error.ts";
import { StreamedOutput } from "./streamed-output.ts";
import type { StreamAssembler, StreamEvent, Streaming } from "../protocol.ts";

/**
 * Streams of Responses (OpenAI API reference, streaming events). The last event holds the whole response, so it is taken from there as
 * it stands; those before it are pieces of the same. Some servers leave out of it what they have streamed: there the pieces are put in.
 */
export const responsesStreaming: Streaming = {
  members: new Map([["stream", "true"]]),
  assemble: () => new ResponseAssembler(),
  readText: (event) => (member(event, "type") === "response.output_text.delta" ? textOf(member(event, "delta")) : ""),
};

class ResponseAssembler implements StreamAssembler {
  readonly #output = new StreamedOutput();
  #response: string | undefined;
  isOver = false;

  add({ text, data }: StreamEvent): string | undefined {
    switch (member(data, "type")) {
      case "response.completed":
      case "response.incomplete":
        return this.#end(memberText(text, "response"), member(data, "response"));
      case "response.failed":
      case "response.cancelled":
        return memberText(text, "response") ?? text;
      case "error":
        return member(data, "error") ? text : `{"error":${text}}`;
      default:
        return member(data, "error") ? text : this.#output.add(data);
    }
  }

  isWhole(): boolean {
    return this.isOver;
  }

  body(): string {
    return this.#response ?? "{}";
  }

  #end(response: string | undefined, parsed: unknown): string | undefined {
    if (response === undefined || !isJsonObject(parsed)) return undefined;
    const { output } = parsed;
    const completed = JSON.stringify(this.#output.complete(items(output)));
    const { strange } = this.#output;
    if (strange !== undefined && (completed !== undefined || items(output).length === 0)) return misfitError(strange);
    this.isOver = true;
    if (completed === undefined) this.#response = response;
    else if (output === undefined) this.#response = prependMembers(response, `"output":${completed}`);
    else this.#response = editJson(response, [{ keys: ["output"], replaces: "value", text: completed }]);
    return undefined;
  }
}

function memberText(text: string, key: string): string | undefined {
  const found = objectMembers(text).findLast((candidate) => candidate.key === key);
  return found && text.slice(found.valueStart, found.end);
}
