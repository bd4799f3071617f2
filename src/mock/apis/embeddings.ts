import type { JsonObject } from "../../json/json-value.ts";
import { chance, digestOf, firstWord } from "../chance.ts";
import { countTokens } from "./mock-text.ts";
import { type Asked, invalid, missing, type Prepared } from "./prepared.ts";
import { jsonReply } from "../reply.ts";

const defaultDimensions = 16;
const maxDimensions = 3072;
const maxInputs = 2048;

/** A text, or a text as token numbers. */
type Input = string | readonly number[];

/**
 * Makes up the answer of `POST /v1/embeddings` (OpenAI API reference): unit vectors, short ones unless `dimensions` says otherwise.
 * A text has the same vector in every request for the same model; texts that mean the same do not lie close together.
 */
export function prepareEmbeddings(model: string, body: JsonObject, { seed, bodyBytes }: Asked): Prepared {
  if (body["input"] === undefined) return missing("input");
  const inputs = readInputs(body["input"]);
  if (inputs === undefined)
    return invalid("input", `text, token numbers, or an array of up to ${maxInputs} of these; none empty`);
  const dimensions = body["dimensions"] ?? defaultDimensions;
  if (typeof dimensions !== "number" || !Number.isInteger(dimensions) || dimensions < 1 || dimensions > maxDimensions)
    return invalid("dimensions", `a whole number from 1 to ${maxDimensions}`);
  const format = body["encoding_format"] ?? "float";
  if (format !== "float" && format !== "base64") return invalid("encoding_format", "'float' or 'base64'");

  const promptTokens = inputs.reduce(
    (sum, input) => sum + (typeof input === "string" ? countTokens(input.length) : input.length),
    0,
  );
  const data = inputs.map((input, index) => {
    const vector = unitVector(digestOf(seed, model, typeof input === "string" ? input : input.join(" ")), dimensions);
    return { object: "embedding", index, embedding: format === "float" ? Array.from(vector) : toBase64(vector) };
  });
  const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens };
  const demand = { inputTokens: countTokens(bodyBytes), maxOutputTokens: 0 };
  const reply = jsonReply({ object: "list", data, model, usage });
  return { ok: true, model, demand, promptTokens, completionTokens: 0, reply };
}

function readInputs(input: unknown): Input[] | undefined {
  const one = readInput(input);
  if (one !== undefined) return [one];
  if (!Array.isArray(input) || input.length === 0 || input.length > maxInputs) return undefined;
  const inputs = input.map(readInput);
  return inputs.every((each) => each !== undefined) ? inputs : undefined;
}

function readInput(input: unknown): Input | undefined {
  if (typeof input === "string") return input === "" ? undefined : input;
  return Array.isArray(input) && input.length > 0 && input.every((token) => Number.isInteger(token)) ? input : undefined;
}

function unitVector(digest: string, dimensions: number): Float32Array {
  const [word, otherWord] = [firstWord(digest), firstWord(digest.slice(8))];
  const values = Array.from({ length: dimensions }, (_, at) => chance(word, at) + chance(otherWord, at) - 1);
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return Float32Array.from(values, (value) => value / length);
}

/** Little-endian 32-bit floats, as the API has them. */
function toBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString("base64");
}
