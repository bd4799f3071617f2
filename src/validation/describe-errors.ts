import type { ErrorObject } from "ajv";

/** Of a property's name, or of a list of values. */
const maxShown = 200;
/** Branches of `anyOf` that a message tells of. */
const maxBranches = 3;

/** These say only that branches failed, which say more themselves. */
const combinators: ReadonlySet<string> = new Set(["anyOf", "oneOf", "if", "$ref", "$dynamicRef"]);

/** The first error, with its path: `/items/3/price must be number`. Of the branches of an `anyOf` those count that went deepest. */
export function describeErrors(errors: readonly ErrorObject[] | null | undefined): string {
  const found = errors ?? [];
  const deepest = Math.max(0, ...found.map(depthOf));
  const there = found.filter((error) => depthOf(error) === deepest);
  const telling = there.filter(({ keyword }) => !combinators.has(keyword));
  const [first] = telling.length > 0 ? telling : there;
  if (first === undefined) return "it is not valid";
  const alike = telling.filter(({ instancePath }) => instancePath === first.instancePath);
  const messages = [...new Set((alike.length > 0 ? alike : [first]).map(describe))].slice(0, maxBranches);
  return `${shorten(first.instancePath) || "it"} ${messages.join(", or ")}`;
}

function depthOf({ instancePath }: ErrorObject): number {
  return instancePath.split("/").length - 1;
}

function describe({ keyword, params, message = `fails ${keyword}` }: ErrorObject): string {
  const { additionalProperty, unevaluatedProperty, allowedValues, allowedValue } = params;
  const extra: unknown = additionalProperty ?? unevaluatedProperty;
  if (typeof extra === "string") return `must not have the property ${shorten(JSON.stringify(extra))}`;
  if (Array.isArray(allowedValues))
    return `must be one of ${shorten(allowedValues.map((value) => JSON.stringify(value)).join(", "))}`;
  if (keyword === "const") return `must be ${shorten(JSON.stringify(allowedValue))}`;
  return shorten(message);
}

function shorten(text: string): string {
  return text.length <= maxShown ? text : `${text.slice(0, maxShown)}…`;
}
