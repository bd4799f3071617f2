import { member, parseJson, isJsonObject } from "../../json/json-value.ts";
import { type Growing, mergeDelta, replaceMembers } from "./merge-deltas.ts";
import type { StreamAssembler, StreamEvent, Streaming } from "../protocol.ts";

/** Streams of Anthropic Messages (Claude API reference, streaming). They report usage unasked. */
export const messagesStreaming: Streaming = {
  members: new Map([["stream", "true"]]),
  assemble: () => new MessageAssembler(),
};

interface Block {
  readonly content: Growing;
  /** JSON text of a tool's input, as far as it has come. It is not parsed, so that no number in it is rounded. */
  inputText: string;
}

/** Only `message_stop` ends a message. Events it does not know are new to it, not wrong. */
class MessageAssembler implements StreamAssembler {
  #message: Growing = {};
  readonly #blocks = new Map<unknown, Block>();
  isOver = false;

  add({ text, data }: StreamEvent): string | undefined {
    switch (member(data, "type")) {
      case "message_start":
        replaceMembers(this.#message, member(data, "message"));
        break;
      case "content_block_start":
        this.#startBlock(member(data, "index"), member(data, "content_block"));
        break;
      case "content_block_delta":
        this.#addToBlock(member(data, "index"), member(data, "delta"));
        break;
      case "message_delta":
        replaceMembers(this.#message, data, ["type", "delta", "usage"]); // betas put theirs beside the delta
        replaceMembers(this.#message, member(data, "delta"));
        this.#addUsage(member(data, "usage"));
        break;
      case "message_stop":
        this.isOver = true;
        break;
      default:
        return member(data, "error") ? text : undefined;
    }
    return undefined;
  }

  isWhole(): boolean {
    return this.isOver && Object.keys(this.#message).length > 0;
  }

  body(): string {
    const blocks = [...this.#blocks].toSorted(([a], [b]) => Number(a) - Number(b)).map(([, block]) => blockText(block));
    const content = `[${blocks.join(",")}]`;
    return objectText(this.#message, "content", content);
  }

  #startBlock(index: unknown, block: unknown): void {
    const content: Growing = {};
    replaceMembers(content, block);
    this.#blocks.set(index, { content, inputText: "" });
  }

  #addToBlock(index: unknown, delta: unknown): void {
    const block = this.#blocks.get(index);
    if (block === undefined || !isJsonObject(delta)) return;
    const { type, partial_json: inputText, citation, ...rest } = delta;
    if (type === "input_json_delta" && typeof inputText === "string") block.inputText += inputText;
    if (type === "citations_delta") mergeDelta(block.content, { citations: [citation] });
    mergeDelta(block.content, rest);
  }

  /** Counts are of the whole message so far. */
  #addUsage(usage: unknown): void {
    const known = this.#message["usage"];
    if (isJsonObject(known)) replaceMembers(known, usage);
    else if (isJsonObject(usage)) this.#message["usage"] = usage;
  }
}

/** An input that breaks off, because its message reached its token limit, is kept as a text. */
function blockText({ content, inputText }: Block): string {
  if (inputText === "") return JSON.stringify(content);
  return objectText(content, "input", parseJson(inputText) === undefined ? JSON.stringify(inputText) : inputText);
}

/** The JSON text of `object`, with `text` for the value of `key`. */
function objectText(object: Growing, key: string, text: string): string {
  const members = Object.entries({ ...object, [key]: null }).map(
    ([name, value]) => `${JSON.stringify(name)}:${name === key ? text : JSON.stringify(value)}`,
  );
  return `{${members.join(",")}}`;
}
