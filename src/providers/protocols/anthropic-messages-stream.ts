import { count, items, member, parseJson, isJsonObject } from "../../json/json-value.ts";
import { textOf } from "../../model/content-text.ts";
import { type Growing, mergeDelta, replaceMembers } from "./merge-deltas.ts";
import { misfitError } from "./misfit-error.ts";
import type { StreamAssembler, StreamEvent, Streaming } from "../protocol.ts";

/** Streams of Anthropic Messages (Claude API reference, streaming). They report usage unasked. */
export const messagesStreaming: Streaming = {
  members: new Map([["stream", "true"]]),
  assemble: () => new MessageAssembler(),
  readText: (event) => textOf(member(member(event, "delta"), "text")),
};

interface Block {
  /** Where it stands in the message. */
  readonly index: number;
  readonly content: Growing;
  /** JSON text of a tool's input, as far as it has come. It is not parsed, so that no number in it is rounded. */
  inputText: string;
}

/** Of the block that a delta belongs to, where none was started. */
const blockTypes: ReadonlyMap<unknown, string> = new Map([
  ["text_delta", "text"],
  ["citations_delta", "text"],
  ["thinking_delta", "thinking"],
  ["signature_delta", "thinking"],
  ["input_json_delta", "tool_use"],
]);

const inputCounts = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"];

/** Only `message_stop` ends a message. Events it does not know are new to it, not wrong. */
class MessageAssembler implements StreamAssembler {
  #message: Growing = {};
  readonly #blocks: Block[] = [];
  /** Those that deltas go to, by index: the last one of each. */
  readonly #open = new Map<unknown, Block>();
  isOver = false;

  add({ text, data }: StreamEvent): string | undefined {
    switch (member(data, "type")) {
      case "message_start":
        return this.#startMessage(member(data, "message"));
      case "content_block_start":
        return this.#startBlock(member(data, "index"), member(data, "content_block"));
      case "content_block_delta":
        return this.#addToBlock(member(data, "index"), member(data, "delta"));
      case "message_delta":
        replaceMembers(this.#message, data, ["type", "delta", "usage"]); // betas put theirs beside the delta
        replaceMembers(this.#message, member(data, "delta"));
        this.#addUsage(member(data, "usage"));
        return undefined;
      case "message_stop":
        this.isOver = true;
        return undefined;
      default:
        return member(data, "error") ? text : undefined;
    }
  }

  isWhole(): boolean {
    return this.isOver && Object.keys(this.#message).length > 0;
  }

  body(): string {
    const blocks = this.#blocks.toSorted((a, b) => a.index - b.index).map(blockText);
    return objectText(this.#message, "content", `[${blocks.join(",")}]`);
  }

  #startMessage(message: unknown): string | undefined {
    replaceMembers(this.#message, message);
    const misfit = items(member(message, "content")).find((block, index) => this.#startBlock(index, block) !== undefined);
    return misfit === undefined ? undefined : misfitError(misfit);
  }

  #startBlock(index: unknown, block: unknown): string | undefined {
    if (block === undefined) return undefined; // its deltas will tell
    if (!isJsonObject(block)) return misfitError(block);
    this.#openBlock(index, { ...block });
    return undefined;
  }

  #openBlock(given: unknown, content: Growing): Block {
    const index = typeof given === "number" ? given : this.#blocks.length;
    const block = { index, content, inputText: "" };
    this.#blocks.push(block);
    this.#open.set(given, block);
    return block;
  }

  #addToBlock(index: unknown, delta: unknown): string | undefined {
    if (delta === undefined) return undefined;
    if (!isJsonObject(delta)) return misfitError(delta);
    const { type, partial_json: inputText = "", citation, ...rest } = delta;
    if (typeof inputText !== "string") return misfitError(delta);
    const known = this.#open.get(index) ?? (index === undefined ? this.#blocks.at(-1) : undefined);
    const block = known ?? this.#openBlock(index, { type: blockTypes.get(type) ?? "text" });
    block.inputText += inputText;
    if (citation !== undefined) mergeDelta(block.content, { citations: [citation] });
    mergeDelta(block.content, rest);
    return undefined;
  }

  /** Counts are of the whole message so far. Compatible servers know the input at its start, and write a zero at its end. */
  #addUsage(usage: unknown): void {
    const known = this.#message["usage"];
    if (!isJsonObject(usage)) return;
    if (!isJsonObject(known)) this.#message["usage"] = usage;
    else
      replaceMembers(
        known,
        usage,
        inputCounts.filter((name) => usage[name] === 0 && count(known[name]) > 0),
      );
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
