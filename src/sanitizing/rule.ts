/** Something that a service or a model is known to refuse, and what is done about it. */
export interface SanitizingRule {
  /** For the documentation. Unique. */
  readonly name: string;
  /** Who, in words: `OpenAI and Azure: o1 to o4, gpt-5`. */
  readonly whose: string;
  /** The hosts of the services that it is about. @default any */
  readonly hosts?: RegExp;
  /** What the service calls the models. @default all */
  readonly models?: RegExp;
  /** Models among these that it is not about. @default none */
  readonly except?: RegExp;
  /** The APIs, by the ends of their paths. */
  readonly paths: readonly string[];
  /** What more has to be true of a body. @default nothing */
  readonly when?: Condition;
  readonly change: Change;
  /** A report, or the vendor's own documentation. */
  readonly source: string;
  /** Of the source, or when it was read, as in `2026-09-23`. */
  readonly date: string;
}

/**
 * - `effort-given`: it asks for an effort of reasoning other than `none` (for models that do not reason unless they are asked to).
 * - `effort-not-none`: it does not say `none` (for models that reason unless they are told not to).
 * - `not-streamed`: it does not ask for a stream.
 * - `has-temperature`: it sets `temperature`.
 */
export type Condition = "effort-given" | "effort-not-none" | "not-streamed" | "has-temperature";

export type Change =
  /** Members that go, unless their value is the one that is accepted all the same. */
  | { readonly drop: readonly string[]; readonly accepts?: Readonly<Record<string, unknown>> }
  /** A member that gets another name; it goes where the body has that one already. */
  | { readonly rename: string; readonly to: string }
  /** A member that is missing. */
  | { readonly add: string; readonly value: number };
