import { parseJson } from "../json/json-value.ts";
import type { AnswerCheck, ModelResponse } from "../model/attempt.ts";
import type { Failure } from "../model/failure.ts";
import type { BatchRequest } from "../model/request.ts";
import { type Choice, hasChoices, readChoices, type ToolCall } from "./answer-choices.ts";
import { type CompiledSchema, type CompileSchema, loadCompiler, type Mismatch } from "./compile-schema.ts";
import { cutOff, isCutOffBy, mayBeCutOff } from "./cut-off.ts";
import type { Finding } from "./finding.ts";
import type { OutputValidator } from "./output-validator.ts";
import { readJsonAnswer } from "./read-json-answer.ts";
import { RecentMap } from "./recent-map.ts";
import { repairedRequest } from "./repair-request.ts";
import { readTools, requestedFormat, type RequestedFormat, requestedTools, type RequestedTools } from "./requested-output.ts";

/** To compile one takes 8 ms; a file seldom has more. */
const maxRemembered = 100;

/** Longer bodies are not parsed: 46 MB of brackets became 2 GB of arrays. */
const maxBodyLength = 8 * 1024 * 1024;

/** An object: what is asked for where there is no schema. */
const anyObject = '{"type":"object"}';

/** A check of 1 KB takes some 10 µs. What takes 100,000 times as long would not end: `^(\w+\s?)*$` doubles its time with each letter. */
const defaultMaxCheckMs = 1_000;

/** Loads ajv. @throws where it cannot be loaded: the installation is broken. */
export async function createOutputValidator(maxCheckMs: number = defaultMaxCheckMs): Promise<OutputValidator> {
  return new Validator(await loadCompiler(maxCheckMs));
}

class Validator implements OutputValidator {
  readonly #schemas: RecentMap<CompiledSchema>;
  readonly #tools = new RecentMap<RequestedTools>(maxRemembered, readTools);

  constructor(compile: CompileSchema) {
    this.#schemas = new RecentMap(maxRemembered, compile);
  }

  refusal(request: BatchRequest): Failure | undefined {
    const format = requestedFormat(request);
    const ofFormat = format && this.#refusalFor(format.schema, format.member);
    if (ofFormat !== undefined) return ofFormat;
    for (const [name, schema] of this.#toolsOf(request)?.schemas ?? []) {
      const ofTool = this.#refusalFor(schema, `the tool ${JSON.stringify(name)}`);
      if (ofTool !== undefined) return ofTool;
    }
    return undefined;
  }

  readonly check: AnswerCheck = (request, response) => this.#find(request, response)?.failure;

  repair(request: BatchRequest, response: ModelResponse): BatchRequest | undefined {
    const finding = this.#find(request, response);
    return finding === undefined ? undefined : repairedRequest(request, finding);
  }

  #refusalFor(schema: string | undefined, what: string): Failure | undefined {
    const problem = schema === undefined ? undefined : this.#schemas.get(schema).problem;
    if (problem === undefined) return undefined;
    const message = `not sent, because its answer cannot be checked: the JSON schema of ${what} is of no use: ${problem}`;
    return { kind: "invalid_request", message, retryable: false };
  }

  #find(request: BatchRequest, response: ModelResponse): Finding | undefined {
    const { path } = request;
    if (!hasChoices(path)) return undefined;
    const format = requestedFormat(request);
    const tools = this.#toolsOf(request);
    const isFree = format === undefined && tools === undefined;
    if (isFree && !mayBeCutOff(response)) return undefined;
    const { body, statusCode } = response;
    if (body.length > maxBodyLength) {
      if (isFree) return { failure: cutOff(request, response, "length") };
      const message = `the answer is too large to be checked: it has ${body.length} characters, and ${maxBodyLength} are read`;
      return { failure: { kind: "schema_mismatch", message, retryable: false, statusCode } };
    }
    const choices = readChoices(path, parseJson(body));
    const cut = choices.find(({ ending }) => isCutOffBy(ending));
    if (cut !== undefined) return { failure: cutOff(request, response, cut.ending) };
    for (const [index, choice] of choices.entries()) {
      const wrong = this.#findIn(choice, format, tools);
      if (wrong === undefined) continue;
      const which = choices.length === 1 ? "" : `choice ${index + 1} of ${choices.length}: `;
      const { message, retryable } = wrong;
      return { ...wrong, choice, failure: { kind: "schema_mismatch", message: which + message, retryable, statusCode } };
    }
    return undefined;
  }

  #findIn(
    choice: Choice,
    format: RequestedFormat | undefined,
    tools: RequestedTools | undefined,
  ): (Mismatch & { readonly call?: ToolCall }) | undefined {
    if (choice.isRefused) return undefined;
    for (const call of choice.calls) {
      const wrong = tools && this.#checkCall(call, tools);
      if (wrong !== undefined) return { ...wrong, call };
    }
    // What stands beside a call, or before a pause, is not the answer yet.
    const isFinal = choice.calls.length === 0 && choice.ending !== "pause_turn";
    return isFinal && format !== undefined ? this.#checkText(choice, format) : undefined;
  }

  #checkText({ text }: Choice, { schema = anyObject }: RequestedFormat): Mismatch | undefined {
    if (text.trim() === "") return { message: "the answer has no text, where JSON was asked for", retryable: true };
    const read = readJsonAnswer(text);
    if ("problem" in read) return { message: `the answer is not JSON: ${read.problem}`, retryable: true };
    return explained("the answer does not match its JSON schema", this.#schemas.get(schema).check(read.value));
  }

  #checkCall({ name, input }: ToolCall, { schemas, isOpen }: RequestedTools): Mismatch | undefined {
    const called = JSON.stringify(name.slice(0, 100));
    if (!schemas.has(name)) {
      const known = [...schemas.keys()].join(", ").slice(0, 500);
      return isOpen
        ? undefined
        : { message: `the answer calls the tool ${called}, and there are only: ${known}`, retryable: true };
    }
    if (input === undefined) return undefined;
    const read = typeof input === "string" ? readJsonAnswer(input) : { value: input };
    if ("problem" in read)
      return { message: `the arguments for the tool ${called} are not JSON: ${read.problem}`, retryable: true };
    const mismatch = this.#schemas.get(schemas.get(name) ?? anyObject).check(read.value);
    return explained(`the arguments for the tool ${called} do not match its JSON schema`, mismatch);
  }

  #toolsOf(request: BatchRequest): RequestedTools | undefined {
    const text = requestedTools(request);
    const tools = text === undefined ? undefined : this.#tools.get(text);
    return tools === undefined || tools.schemas.size === 0 ? undefined : tools;
  }
}

function explained(what: string, mismatch: Mismatch | undefined): Mismatch | undefined {
  return mismatch && { ...mismatch, message: `${what}: ${mismatch.message}` };
}
