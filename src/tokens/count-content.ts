import { decodeString, lastValueText, skipSpace, stringEnd, valueEnd } from "../json/json-text.ts";
import { weighText } from "./weigh-text.ts";
import { attachmentTokens, isUnknownAttachment, textOfSource, tokensOfUnknown } from "./attachment-tokens.ts";

/** A request, as far as its tokens depend on it. */
export interface CountedRequest {
  /** Of its API: `/v1/chat/completions`. */
  readonly path: string;
  /** JSON text. */
  readonly body: string;
}

/** How the parts of a request are counted. All indexes are of its body. */
export interface PartCounter {
  /** The text between the quotes of a JSON string. */
  text(json: string, from: number, to: number): number;
  /** The definitions of tools, or the JSON schema of an answer. */
  definitions(json: string, from: number, to: number): number;
}

/** What a message has beside its contents: 3, and its role (OpenAI cookbook, "How to count tokens with tiktoken"). */
const tokensPerMessage = 4;
/** The same source. */
const tokensPerName = 1;
const tokensOfReplyStart = 3;
/** The same for a call of a function, by `gpt-tokenizer`. */
const tokensPerCall = 3;
/** What Claude is told of tools as such (Anthropic, "Tool use", pricing: Claude 4 models, `auto`). */
const tokensOfToolUse = 346;
/** Deeper values are estimated as text: walking them could take the stack. */
const maxDepth = 64;

const contents: ReadonlySet<string> = new Set(["messages", "input", "prompt", "suffix", "system", "instructions"]);
const toolLists: ReadonlySet<string> = new Set(["tools", "functions"]);
const answerFormats: ReadonlySet<string> = new Set(["response_format", "text", "output_config"]);
/** Of what stands in messages: what the model is not shown. */
const unshown: ReadonlySet<string> = new Set([
  "type",
  "id",
  "call_id",
  "tool_call_id",
  "tool_use_id",
  "cache_control",
  "detail",
  "status",
  "filename",
  "index",
  "metadata",
]);
const attachments: ReadonlySet<string> = new Set(["image_url", "input_audio", "source", "file_data", "file_id", "file_url"]);

const messagesPath = "/v1/messages";

const quote = 0x22;
const comma = 0x2c;
const letterN = 0x6e;
const openBrace = 0x7b;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** Counts the tokens of what a request tells its model; what steers the answer is none of it. Walks the text, and parses nothing. */
export function countContent({ path, body }: CountedRequest, counter: PartCounter): number {
  if (body.charCodeAt(skipSpace(body, 0)) !== openBrace) return 0;
  return Math.ceil(new ContentWalk(path, body, counter).count());
}

class ContentWalk {
  readonly #path: string;
  readonly #json: string;
  readonly #counter: PartCounter;
  #tokens = 0;
  #hasMessages = false;

  constructor(path: string, json: string, counter: PartCounter) {
    this.#path = path;
    this.#json = json;
    this.#counter = counter;
  }

  count(): number {
    this.#walkMembers(0, (key, start) => {
      if (contents.has(key)) return this.#walkContent(start, 0);
      const end = valueEnd(this.#json, start);
      if (toolLists.has(key)) this.#addTools(start, end);
      else if (answerFormats.has(key) && this.#json.slice(start, end).includes('"schema"'))
        this.#tokens += this.#counter.definitions(this.#json, start, end);
      return end;
    });
    return this.#tokens + (this.#hasMessages ? tokensOfReplyStart : 0);
  }

  /** @param visit Returns where the value ends. @returns where the object ends, at its brace. */
  #walkMembers(objectStart: number, visit: (key: string, valueStart: number) => number): number {
    const json = this.#json;
    let at = skipSpace(json, skipSpace(json, objectStart) + 1);
    while (json.charCodeAt(at) === quote) {
      const keyEnd = stringEnd(json, at);
      const key = json.slice(at + 1, keyEnd - 1);
      at = skipSpace(json, visit(key, skipSpace(json, skipSpace(json, keyEnd) + 1)));
      if (json.charCodeAt(at) !== comma) break;
      at = skipSpace(json, at + 1);
    }
    return at;
  }

  /** @returns just past the value. */
  #walkContent(start: number, depth: number): number {
    const json = this.#json;
    const first = json.charCodeAt(start);
    if (first === quote) return this.#addText(start);
    if (depth < maxDepth && first === openBrace) return this.#walkObject(start, depth) + 1;
    if (depth < maxDepth && first === openBracket) return this.#walkItems(start, depth) + 1;
    const end = valueEnd(json, start);
    if (first === openBrace || first === openBracket) this.#tokens += weighText(json, start, end, true);
    else if (first !== letterN) this.#tokens += 1; // a number or a truth; inputs of embeddings can be lists of tokens
    return end;
  }

  #walkItems(start: number, depth: number): number {
    const json = this.#json;
    let at = skipSpace(json, start + 1);
    while (at < json.length && json.charCodeAt(at) !== closeBracket) {
      at = skipSpace(json, this.#walkContent(at, depth + 1));
      if (json.charCodeAt(at) !== comma) break;
      at = skipSpace(json, at + 1);
    }
    return at;
  }

  #walkObject(objectStart: number, depth: number): number {
    return this.#walkMembers(objectStart, (key, start) => {
      if (attachments.has(key)) return this.#addAttachment(objectStart, key, start);
      if (unshown.has(key)) return valueEnd(this.#json, start);
      if (key === "role") {
        this.#hasMessages = true;
        this.#tokens += tokensPerMessage;
        return valueEnd(this.#json, start);
      }
      if (key === "name") this.#tokens += tokensPerName;
      else if (key === "arguments") this.#tokens += tokensPerCall;
      return this.#walkContent(start, depth + 1);
    });
  }

  #addText(start: number): number {
    const end = stringEnd(this.#json, start);
    const isUnknown = isUnknownAttachment(this.#json, start + 1, end - 1);
    this.#tokens += isUnknown ? tokensOfUnknown : this.#counter.text(this.#json, start + 1, end - 1);
    return end;
  }

  #addTools(start: number, end: number): void {
    if (end - start <= "[]".length) return;
    this.#tokens += this.#counter.definitions(this.#json, start, end);
    if (this.#path === messagesPath) this.#tokens += tokensOfToolUse;
  }

  #addAttachment(partStart: number, key: string, start: number): number {
    const end = valueEnd(this.#json, start);
    const attachment = { key, value: this.#json.slice(start, end), part: this.#json.slice(partStart), path: this.#path };
    const text = textOfSource(attachment);
    if (text === undefined) this.#tokens += attachmentTokens(attachment, () => modelOf(this.#json));
    else this.#walkContent(start + text, 0);
    return end;
  }
}

/** The model that a body names; empty where it names none. */
export function modelOf(body: string): string {
  const literal = lastValueText(body, "model") ?? "";
  return literal.startsWith('"') ? decodeString(literal) : "";
}
