import { member } from "../../json/json-value.ts";
import { objectMembers } from "../../json/json-text.ts";
import type { StreamAssembler, StreamEvent, Streaming } from "../protocol.ts";

/**
 * Streams of Responses (OpenAI API reference, streaming events). The last event holds the whole response, so it is taken from there as
 * it stands; those before it are pieces of the same.
 */
export const responsesStreaming: Streaming = {
  members: new Map([["stream", "true"]]),
  assemble: () => new ResponseAssembler(),
};

class ResponseAssembler implements StreamAssembler {
  #response: string | undefined;

  add({ text, data }: StreamEvent): string | undefined {
    switch (member(data, "type")) {
      case "response.completed":
      case "response.incomplete":
        this.#response ??= memberText(text, "response");
        return undefined;
      case "response.failed":
      case "response.cancelled":
        return memberText(text, "response") ?? text;
      case "error":
        return member(data, "error") ? text : `{"error":${text}}`;
      default:
        return member(data, "error") ? text : undefined;
    }
  }

  get isOver(): boolean {
    return this.#response !== undefined;
  }

  isWhole(): boolean {
    return this.isOver;
  }

  body(): string {
    return this.#response ?? "{}";
  }
}

function memberText(text: string, key: string): string | undefined {
  const found = objectMembers(text).findLast((candidate) => candidate.key === key);
  return found && text.slice(found.valueStart, found.end);
}
