import type { Options, ValidateFunction } from "ajv";
import { nestingDepth } from "../json/json-text.ts";
import { isJsonObject, member, parseJson } from "../json/json-value.ts";
import { messageOf } from "../model/errors.ts";
import { describeErrors } from "./describe-errors.ts";
import { withinTime } from "./time-limit.ts";

/** Why a value is not what its schema asks for. */
export interface Mismatch {
  readonly message: string;
  /** Another answer may do better. */
  readonly retryable: boolean;
}

/** A schema that values can be held against; or, in words, why none can. */
export interface CompiledSchema {
  readonly problem?: string | undefined;
  check(value: unknown): Mismatch | undefined;
}

/** @param text JSON. */
export type CompileSchema = (text: string) => CompiledSchema;

/**
 * As OpenAI, Anthropic and others read schemas: keywords that they do not know mean nothing, `format` counts. Errors after the first cost
 * time. Nothing is fetched: a reference to another document has no meaning.
 */
const ajvOptions: Options = {
  strict: false,
  allErrors: false,
  logger: false,
  meta: false,
  validateSchema: false,
  code: { regExp: Object.assign(readPattern, { code: "" }) },
};

/** The largest schemas take some 100 ms. */
const maxCompileMs = 5_000;
/** OpenAI takes 10 levels of a schema; ajv recurses. */
const maxDepth = 500;

/** Loads ajv: 60 ms, which runs that check nothing do not spend. @param maxCheckMs For one value. */
export async function loadCompiler(maxCheckMs: number): Promise<CompileSchema> {
  const [{ Ajv }, { Ajv2020 }, formats] = await Promise.all([import("ajv"), import("ajv/dist/2020.js"), import("ajv-formats")]);
  return (text) => {
    const schema = parseJson(text);
    if (!isJsonObject(schema) && typeof schema !== "boolean") return unusable("it is no JSON schema");
    if (nestingDepth(text) > maxDepth) return unusable("it is nested too deeply");
    if (member(schema, "$async") !== undefined) return unusable("$async is no keyword of JSON Schema"); // of ajv: checks were promises
    try {
      const compiled = withinTime(maxCompileMs, () => {
        // One for each schema: `$id`s of one mean nothing in another, and what is forgotten leaves nothing behind.
        const ajv = isOldDraft(schema) ? new Ajv(ajvOptions) : new Ajv2020(ajvOptions);
        formats.default.default(ajv);
        return ajv.compile(schema);
      });
      if (compiled === undefined) return unusable(`to read it takes longer than ${maxCompileMs / 1000} s`);
      return isUnbounded.test(JSON.stringify(schema))
        ? new GuardedSchema(compiled.result, maxCheckMs)
        : new PlainSchema(compiled.result);
    } catch (error) {
      return unusable(messageOf(error).replace("JSONType or JSONType[]", "a type of JSON, or a list of them"));
    }
  };
}

/** Lists of schemas in `items`, and others, mean something else there. */
function isOldDraft(schema: unknown): boolean {
  return /draft-0[4-7]\b/.test(String(member(schema, "$schema")));
}

/** Where no such keyword stands, the time that a check takes is bounded by the lengths of schema and value. */
const isUnbounded = /"(?:pattern|patternProperties|uniqueItems|\$ref|\$dynamicRef|\$recursiveRef)"/;

/** Most patterns are written for engines without the `u` flag, which refuses `\-` and others. */
function readPattern(pattern: string, flags: string): RegExp {
  try {
    return new RegExp(pattern, flags);
  } catch {
    return new RegExp(pattern);
  }
}

function unusable(problem: string): CompiledSchema {
  return { problem, check: () => ({ message: problem, retryable: false }) };
}

class PlainSchema implements CompiledSchema {
  readonly #validate: ValidateFunction;

  constructor(validate: ValidateFunction) {
    this.#validate = validate;
  }

  check(value: unknown): Mismatch | undefined {
    try {
      const isValid: unknown = this.#validate(value);
      return isValid === true ? undefined : { message: describeErrors(this.#validate.errors), retryable: true };
    } catch (error) {
      const message = error instanceof RangeError ? "it is nested too deeply to be checked" : messageOf(error);
      return { message, retryable: true };
    }
  }
}

/** Each costs a second in which nothing else goes on. */
const maxTimeouts = 3;

/** One whose check may not end. After three that did not, no more requests are sent for it. */
class GuardedSchema implements CompiledSchema {
  readonly #schema: PlainSchema;
  readonly #maxMs: number;
  #timeouts = 0;

  constructor(validate: ValidateFunction, maxMs: number) {
    this.#schema = new PlainSchema(validate);
    this.#maxMs = maxMs;
  }

  get problem(): string | undefined {
    return this.#timeouts < maxTimeouts ? undefined : `${maxTimeouts} checks took longer than ${this.#maxMs / 1000} s each`;
  }

  check(value: unknown): Mismatch | undefined {
    const { problem } = this;
    if (problem !== undefined) return { message: problem, retryable: false };
    const checked = withinTime(this.#maxMs, () => this.#schema.check(value));
    if (checked !== undefined) return checked.result;
    this.#timeouts += 1;
    return { message: `the check takes longer than ${this.#maxMs / 1000} s: is one of its patterns too slow?`, retryable: false };
  }
}
