import { isJsonObject, items, type JsonObject, member } from "../../json/json-value.ts";
import type { Growing } from "./merge-deltas.ts";
import { misfitError } from "./misfit-error.ts";

/** Where the text of a delta stands in a response. */
interface Slot {
  readonly item: string;
  /** The item's list of parts, and the type of such a part; the text is a member of the item itself where there is none. */
  readonly list?: "content" | "summary";
  readonly part?: string;
  readonly member: string;
}

/** By the type of the event, without `response.` and `.delta`. */
const slots: ReadonlyMap<string, Slot> = new Map<string, Slot>([
  ["output_text", { item: "message", list: "content", part: "output_text", member: "text" }],
  ["refusal", { item: "message", list: "content", part: "refusal", member: "refusal" }],
  ["reasoning_text", { item: "reasoning", list: "content", part: "reasoning_text", member: "text" }],
  ["reasoning_summary_text", { item: "reasoning", list: "summary", part: "summary_text", member: "text" }],
  ["function_call_arguments", { item: "function_call", member: "arguments" }],
  ["mcp_call_arguments", { item: "mcp_call", member: "arguments" }],
  ["custom_tool_call_input", { item: "custom_tool_call", member: "input" }],
  ["code_interpreter_call_code", { item: "code_interpreter_call", member: "code" }],
]);

interface StreamedText {
  readonly slot: Slot;
  /** Of its part in the list. */
  readonly partIndex: number;
  text: string;
}

/** One item of the output, as its events told it. */
interface StreamedItem {
  /** As it was begun, and at last as it was done. */
  item: JsonObject;
  /** By slot and part. */
  readonly texts: Map<string, StreamedText>;
}

/** What the events of a response said of its output, before the last one told it whole. */
export class StreamedOutput {
  readonly #items = new Map<unknown, StreamedItem>();
  /** A delta of a kind that is new: the last event says what it is a piece of, if it says all that was streamed otherwise. */
  strange: unknown;

  /** @returns the JSON text of an error where an event has no place in a response. */
  add(event: unknown): string | undefined {
    const type = String(member(event, "type"));
    const item = member(event, "item");
    if (type.startsWith("response.output_item.") && isJsonObject(item)) this.#itemOf(event, item).item = item;
    const [, kind = "", stage] = /^response\.(\S{1,99})\.(delta|done)$/.exec(type) ?? [];
    const slot = slots.get(kind);
    if (slot !== undefined) return this.#addText(event, slot, stage === "delta");
    if (stage === "delta") this.strange = event;
    return undefined;
  }

  /**
   * Puts what was streamed into the output of the last event, where that says less. Items are matched by type, in their order: some servers
   * give them new ids at the end.
   *
   * @returns undefined where it lacks nothing.
   */
  complete(output: readonly unknown[]): readonly unknown[] | undefined {
    const unmatched = groupByType(output);
    let isLacking = false;
    const streamed = [...this.#items.values()].map(({ item, texts }) => {
      const known = unmatched.get(item["type"])?.pop();
      if (known !== undefined && holdsAll(known, texts)) return known;
      isLacking = true;
      return filled(known ?? item, texts);
    });
    return isLacking ? [...streamed, ...[...unmatched.values()].flatMap((group) => group.toReversed())] : undefined;
  }

  #itemOf(event: unknown, begun: JsonObject): StreamedItem {
    const key = member(event, "output_index") ?? member(event, "item_id") ?? begun["id"];
    let known = this.#items.get(key);
    if (known === undefined) this.#items.set(key, (known = { item: begun, texts: new Map() }));
    return known;
  }

  #addText(event: unknown, slot: Slot, isDelta: boolean): string | undefined {
    const piece = member(event, isDelta ? "delta" : slot.member);
    if (typeof piece !== "string") return isDelta ? misfitError(event) : undefined;
    const role = slot.item === "message" ? { role: "assistant" } : {};
    const { texts } = this.#itemOf(event, { type: slot.item, id: member(event, "item_id"), ...role });
    const partIndex = slot.list === undefined ? 0 : Number(member(event, "content_index") ?? member(event, "summary_index") ?? 0);
    const key = `${slot.part ?? slot.member} ${partIndex}`;
    const known = texts.get(key);
    if (known === undefined) texts.set(key, { slot, partIndex, text: piece });
    else if (isDelta) known.text += piece;
    else if (known.text.length < piece.length) known.text = piece;
    return undefined;
  }
}

/** In reverse, so that the first can be taken off the end. */
function groupByType(output: readonly unknown[]): Map<unknown, JsonObject[]> {
  const groups = new Map<unknown, JsonObject[]>();
  for (const item of output.toReversed()) {
    if (!isJsonObject(item)) continue;
    const group = groups.get(item["type"]);
    if (group === undefined) groups.set(item["type"], [item]);
    else group.push(item);
  }
  return groups;
}

function holdsAll(item: JsonObject, texts: StreamedItem["texts"]): boolean {
  return [...texts.values()].every(({ slot, partIndex, text }) => {
    const holder = slot.list === undefined ? item : items(item[slot.list])[partIndex];
    return inkOf(member(holder, slot.member)) >= inkOf(text);
  });
}

/** White space is the server's own affair: some trim the whole, or write arguments anew. */
function inkOf(text: unknown): number {
  return typeof text === "string" ? text.replaceAll(/\s+/g, "").length : 0;
}

function filled(item: JsonObject, texts: StreamedItem["texts"]): JsonObject {
  const whole: Growing = structuredClone(item);
  for (const { slot, partIndex, text } of [...texts.values()].toSorted((a, b) => a.partIndex - b.partIndex)) {
    const holder =
      slot.list === undefined ? whole : partOf(whole, slot.list, items(item[slot.list]).length > partIndex ? partIndex : -1);
    if (slot.part !== undefined) holder["type"] ??= slot.part;
    if (inkOf(holder[slot.member]) < inkOf(text)) holder[slot.member] = text;
  }
  return whole;
}

/** @param index -1 for a new one. */
function partOf(whole: Growing, name: string, index: number): Growing {
  const known = whole[name];
  const parts: unknown[] = Array.isArray(known) ? known : [];
  whole[name] = parts;
  const part = parts[index];
  if (isJsonObject(part)) return part;
  const added: Growing = {};
  parts.push(added);
  return added;
}
