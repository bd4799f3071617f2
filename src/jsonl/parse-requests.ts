import { isJsonObject, type JsonObject } from "../json/json-value.ts";
import { DigestCounts } from "../model/counting/digest-counts.ts";
import { ConfigurationError } from "../model/errors.ts";
import { prependMembers } from "../json/json-text.ts";
import type { BatchInput, BatchRequest } from "../model/request.ts";
import { attachFiles, findAttachments } from "./attachments/attach-files.ts";
import { brokenLineProblem, digestOf, duplicateProblem, invalidLine, typeProblem, writtenTwice } from "./invalid-line.ts";
import { keyWarning } from "./warnings/key-warning.ts";
import { BatchLine } from "./request-like.ts";
import { cutTexts, type Draft, holdsRequest, isShort, promptDraft, readForm, readMetadata, readProvider } from "./line-forms.ts";
import type { FindLocalFile } from "./attachments/local-file.ts";
import { Problem } from "./problem.ts";
import { readJson } from "./read-json.ts";
import { readMaxOutputTokens } from "./max-output-tokens.ts";
import { readCustomId, readModel, readUrl } from "./read-envelope.ts";
import { inferPath, maxTokensProblem, messagesPath, type PromptPath } from "./request-path.ts";
import type { Line } from "./split-lines.ts";
import { writeJson } from "./write-json.ts";

export interface RequestParserOptions {
  /** For bodies that name no model. */
  readonly defaultModel?: string;
  /** Members for bodies that do not have them, as JSON text by key; a body's own always win. */
  readonly defaults?: ReadonlyMap<string, string>;
  /** Skips the search for duplicate `custom_id`s, which saves a hash and some 30 bytes a line. @default false */
  readonly idsAreUnique?: boolean;
  /** Leaves bodies and metadata empty: enough to find out whether lines can be sent. @default false */
  readonly checkOnly?: boolean;
  /**
   * With `checkOnly`, bodies are made all the same, without attached files, of lines that have so many characters and tokens of answer
   * together. @default none
   */
  readonly bodiesFrom?: number;
  /** Finds the files that parts of bodies name (`@p.png`, `file:///p.png`). Without it lines with such parts are invalid. */
  readonly findFile?: FindLocalFile;
  /** A line in words, for warnings. @default `line 3` */
  readonly describeLine?: (lineNumber: number) => string;
  /** The API that a prompt without a `url` is for. @default Chat Completions */
  readonly promptPath?: PromptPath | undefined;
  /** Called once at most, for keys that do not do what their names promise. */
  readonly onWarning?: (message: string) => void;
}

/** Parses the lines of one input: it remembers every `custom_id`, so each input needs a parser of its own. */
export class RequestParser {
  readonly #defaults: ReadonlyMap<string, unknown>;
  readonly #defaultMembers: readonly { readonly key: string; readonly text: string }[];
  /** From the first request on. */
  #unusedDefaults: Set<string> | undefined;
  readonly #customIds: DigestCounts | undefined;
  readonly #checkOnly: boolean;
  readonly #bodiesFrom: number;
  readonly #findFile: FindLocalFile | undefined;
  readonly #describeLine: (lineNumber: number) => string;
  readonly #promptPath: PromptPath | undefined;
  #onWarning: ((message: string) => void) | undefined;

  /** @throws ConfigurationError when `defaultModel` or the default `model` is empty or no string. */
  constructor({
    defaultModel,
    defaults = new Map(),
    idsAreUnique = false,
    checkOnly = false,
    bodiesFrom = Infinity,
    findFile,
    describeLine = (lineNumber) => `line ${lineNumber}`,
    promptPath,
    onWarning,
  }: RequestParserOptions = {}) {
    const texts = new Map(defaultModel === undefined ? defaults : [["model", JSON.stringify(defaultModel)], ...defaults]);
    const values = [...texts].map(([key, text]): [string, unknown] => [key, JSON.parse(text)]);
    const model = readModel(Object.fromEntries(values));
    if (model instanceof Problem) throw new ConfigurationError(`defaults for all lines: ${model.message}`);
    this.#defaults = new Map(values);
    this.#defaultMembers = [...texts].map(([key, text]) => ({ key, text: `${JSON.stringify(key)}:${text}` }));
    this.#customIds = idsAreUnique ? undefined : new DigestCounts();
    this.#checkOnly = checkOnly;
    this.#bodiesFrom = bodiesFrom;
    this.#findFile = findFile;
    this.#describeLine = describeLine;
    this.#promptPath = promptPath;
    this.#onWarning = onWarning;
  }

  /** Keys of the defaults that every request so far has had itself. */
  get unusedDefaults(): readonly string[] {
    return [...(this.#unusedDefaults ?? [])];
  }

  /** Parses a line in any input form. @returns an `InvalidLine`, which says why, if it cannot be sent. Never throws. */
  parse(line: Line): BatchInput {
    const { lineNumber, text } = line;
    if (line.problem === undefined) return this.#parseText(text, lineNumber);
    const ownId = readCustomId(readJson(text));
    const { customId } = this.#claimCustomId(ownId?.includes("\uFFFD") ? undefined : ownId, lineNumber);
    return invalidLine({ lineNumber, customId, digest: line.digest, metadata: undefined }, brokenLineProblem(line));
  }

  /**
   * Parses a value of a program: a prompt as a string, a body, or an object in any form of a line.
   *
   * @param position 1-based; stands for the line number.
   */
  parseValue(value: unknown, position: number): BatchInput {
    if (value instanceof BatchLine) return { ...this.#parseText(value.text, position), id: value.id };
    const text = writeJson(value);
    if (typeof text === "string") return this.#parseText(text, position);
    const { customId } = this.#claimCustomId(undefined, position);
    return invalidLine({ lineNumber: position, customId, digest: digestOf(`${position}`), metadata: undefined }, text);
  }

  #parseText(text: string, lineNumber: number): BatchInput {
    const value = readJson(text);
    const ownId = readCustomId(value);
    const { customId, isTaken } = this.#claimCustomId(ownId, lineNumber);
    const request = value instanceof Problem ? value : this.#makeRequest(value, text, lineNumber, customId);
    if (!isTaken && !(request instanceof Problem)) return request;
    const metadata = isJsonObject(value) && value.metadata !== undefined ? readMetadata(text) : undefined;
    const line = { lineNumber, customId, digest: digestOf(text), metadata };
    if (request instanceof Problem) return invalidLine(line, request);
    return invalidLine(line, duplicateProblem(customId, ownId === undefined), "duplicate_custom_id");
  }

  #claimCustomId(ownId: string | undefined, lineNumber: number): { customId: string; isTaken: boolean } {
    const customId = ownId ?? `request-${lineNumber}`;
    return { customId, isTaken: (this.#customIds?.add(customId) ?? 0) > 0 };
  }

  #makeRequest(value: unknown, text: string, lineNumber: number, customId: string): BatchRequest | Problem {
    if (typeof value === "string" && holdsRequest(value)) return writtenTwice;
    if (typeof value === "string") {
      const url = this.#urlOfPrompt({});
      return url instanceof Problem ? url : this.#finish({ value, text, draft: promptDraft, url, lineNumber, customId });
    }
    if (!isJsonObject(value)) return typeProblem(value);
    const ownUrl = readUrl(value);
    const url = ownUrl === undefined && isShort(value) ? this.#urlOfPrompt(value) : ownUrl;
    if (url instanceof Problem) return url;
    const draft = readForm(value, url);
    if (draft instanceof Problem) return draft;
    return this.#finish({ value, text, draft, url, lineNumber, customId });
  }

  #finish({ value, text, draft, url, lineNumber, customId }: ReadLine): BatchRequest | Problem {
    const { body } = draft;
    const ownModel = readModel(body);
    if (ownModel instanceof Problem) return ownModel;
    const model = ownModel ?? this.#defaults.get("model");
    if (typeof model !== "string") return new Problem("no model: name one in the body, or for all lines with --model");
    const path = url ?? draft.path ?? inferPath(body, model);
    if (path === undefined)
      return new Problem('`body` does not show which API it is for: give a `url`, such as "/v1/chat/completions"');
    this.#unusedDefaults ??= new Set(this.#defaults.keys());
    for (const key of this.#unusedDefaults) if (!Object.hasOwn(body, key)) this.#unusedDefaults.delete(key);
    if (this.#onWarning && isJsonObject(value)) this.#warnOfKeys(keyWarning(value, draft, path), lineNumber);
    const attachments = findAttachments(body, this.#findFile);
    if (attachments instanceof Problem) return attachments;
    // Optional members are assigned one by one: spreading them takes microseconds a line.
    const request: Writable<BatchRequest> = { kind: "request", lineNumber, customId, path, model, body: "" };
    const provider = readProvider(value);
    if (provider !== undefined) request.provider = provider;
    const maxOutputTokens = readMaxOutputTokens((key) => this.#setting(body, key));
    if (maxOutputTokens !== undefined) request.maxOutputTokens = maxOutputTokens;
    if (this.#checkOnly && text.length + (maxOutputTokens ?? 0) < this.#bodiesFrom) return request;
    const texts = cutTexts(value, draft, text, url);
    const ownText = this.#checkOnly ? texts.body : attachFiles(texts.body, attachments);
    if (ownText instanceof Problem) return ownText;
    request.body = this.#withDefaults(body, ownText);
    if (texts.metadata !== undefined) request.metadata = texts.metadata;
    return request;
  }

  /** Messages refuse a body without `max_tokens`. */
  #urlOfPrompt(line: JsonObject): string | undefined | Problem {
    const model = this.#setting(line, "model");
    if (this.#promptPath === undefined || typeof model !== "string") return undefined;
    const provider = readProvider(line);
    const path = this.#promptPath({ model, ...(provider !== undefined && { provider }) });
    const lacksLimit = path === messagesPath && this.#setting(line, "max_tokens") === undefined;
    return lacksLimit ? new Problem(maxTokensProblem) : path;
  }

  #withDefaults(body: JsonObject, text: string): string {
    if (this.#defaultMembers.length === 0) return text;
    const missing = this.#defaultMembers.filter(({ key }) => !Object.hasOwn(body, key));
    return missing.length === 0 ? text : prependMembers(text, missing.map(({ text: member }) => member).join(","));
  }

  #setting(body: JsonObject, key: string): unknown {
    const own = body[key];
    return own === undefined ? this.#defaults.get(key) : own;
  }

  #warnOfKeys(warning: string | undefined, lineNumber: number): void {
    if (warning === undefined) return;
    this.#onWarning?.(`${this.#describeLine(lineNumber)}: ${warning} (said once; other lines may have others)`);
    this.#onWarning = undefined;
  }
}

/** Parses lines as they arrive, one request or `InvalidLine` for each. @throws what `lines` throws; never because of a line. */
export async function* parseRequests(lines: AsyncIterable<readonly Line[]>, parser: RequestParser): AsyncGenerator<BatchInput> {
  for await (const group of lines) {
    for (const line of group) yield parser.parse(line);
  }
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** A line whose form is known. */
interface ReadLine {
  readonly value: unknown;
  readonly text: string;
  readonly draft: Draft;
  readonly url: string | undefined;
  readonly lineNumber: number;
  readonly customId: string;
}
