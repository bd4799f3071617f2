import { isJsonObject, items, type JsonObject, member } from "../json/json-value.ts";

/** The turns of a body, the oldest first. A turn is a user's message with all that follows it, up to the next one. */
export interface Conversation {
  /** The member of the body that holds it. */
  readonly key: "messages" | "input";
  /**
   * The indexes of each turn's items. The last turn is the one to be answered. System and developer messages are part of none.
   * Before the first user's message there may be others: they are a turn, too.
   */
  readonly turns: readonly (readonly number[])[];
}

/** What an item of a conversation is to the others. */
interface Item {
  readonly isInstruction?: boolean;
  readonly isQuestion?: boolean;
  /** Ids of the calls of tools that it makes. */
  readonly calls?: readonly unknown[];
  /** Ids of the calls whose results it brings. */
  readonly results?: readonly unknown[];
}

/**
 * Finds the turns of a body of Chat Completions, Messages or Responses.
 *
 * @returns undefined where there is no turn that could go: for other APIs, a text in place of a list, and where no user speaks.
 */
export function conversationOf(path: string, body: unknown): Conversation | undefined {
  const read = readers.find(({ ending }) => path.endsWith(ending));
  if (read === undefined) return undefined;
  const known = items(member(body, read.key)).map((item) => (isJsonObject(item) ? read.readItem(item) : {}));
  const turns = turnsOf(known);
  return turns.length > 1 && known.some(({ isQuestion }) => isQuestion === true) ? { key: read.key, turns } : undefined;
}

/** A turn begins at a question, unless that stands between a call of a tool and its result: they stay together. */
function turnsOf(conversation: readonly Item[]): number[][] {
  const lastResults = lastResultOfEachCall(conversation);
  const turns: number[][] = [];
  let turn: number[] = [];
  let openUntil = -1;
  for (const [index, { isInstruction, isQuestion }] of conversation.entries()) {
    if (isQuestion === true && index > openUntil) {
      if (turn.length > 0) turns.push(turn);
      turn = [];
    }
    if (isInstruction !== true) turn.push(index);
    openUntil = Math.max(openUntil, lastResults.get(index) ?? -1);
  }
  if (turn.length > 0) turns.push(turn);
  return turns;
}

/** By the index of the item that calls. Local servers begin to count ids anew in each turn: a result belongs to the latest call before it. */
function lastResultOfEachCall(conversation: readonly Item[]): Map<number, number> {
  const callers = new Map<unknown, number>();
  const lastResults = new Map<number, number>();
  for (const [index, { calls = [], results = [] }] of conversation.entries()) {
    for (const id of results) {
      const caller = callers.get(id);
      if (caller !== undefined) lastResults.set(caller, index);
    }
    for (const id of calls) callers.set(id, index);
  }
  return lastResults;
}

const readers = [
  { ending: "/chat/completions", key: "messages", readItem: readChatMessage },
  { ending: "/messages", key: "messages", readItem: readAnthropicMessage },
  { ending: "/responses", key: "input", readItem: readResponsesItem },
] as const;

function readChatMessage({ role, tool_calls, tool_call_id }: JsonObject): Item {
  if (isInstructing(role)) return { isInstruction: true };
  if (role === "tool") return { results: [tool_call_id] };
  return { isQuestion: role === "user", calls: items(tool_calls).map((call) => member(call, "id")) };
}

/** Results of tools come in messages of the user. */
function readAnthropicMessage({ role, content }: JsonObject): Item {
  if (isInstructing(role)) return { isInstruction: true };
  const blocks = items(content);
  const ofType = (type: string): readonly unknown[] => blocks.filter((block) => member(block, "type") === type);
  const results = ofType("tool_result").map((block) => member(block, "tool_use_id"));
  const calls = ofType("tool_use").map((block) => member(block, "id"));
  return { isQuestion: role === "user" && results.length === 0, calls, results };
}

/** Items of reasoning stand before what they led to, in the same turn: one without the other is refused. */
function readResponsesItem({ type, role, id, call_id, approval_request_id }: JsonObject): Item {
  if (isInstructing(role)) return { isInstruction: true };
  if (type === "mcp_approval_request") return { calls: [id] };
  if (type === "mcp_approval_response") return { results: [approval_request_id] };
  if (call_id === undefined) return { isQuestion: role === "user" };
  return String(type).endsWith("_output") ? { results: [call_id] } : { calls: [call_id] };
}

function isInstructing(role: unknown): boolean {
  return role === "system" || role === "developer";
}
