import { z } from "zod";
import { parseWith } from "./parse-with.ts";

const roles = ["system", "developer", "user", "assistant", "tool", "function"] as const;
const contentProblem = "expected a text, a list of parts with a `type`, or null";

/** Members that are not named here are kept, too. */
const messageSchema = z.looseObject({
  role: z.enum(roles, `expected one of ${roles.join(", ")}`).default("user"),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() })), z.null()], contentProblem).optional(),
  name: z.string("expected a text").optional(),
  tool_call_id: z.string("expected a text").optional(),
  tool_calls: z.array(z.looseObject({}), "expected a list of calls").nullable().optional(),
  function_call: z.looseObject({}, "expected an object").nullable().optional(),
});

type Role = (typeof roles)[number];

/** A message as a program gives it: its members, or the text of a user's message. */
export type MessageLike = string | Readonly<Record<string, unknown>>;

/** One message of a chat, with its members as they were given. */
export class Message {
  readonly [member: string]: unknown;
  declare readonly role: Role;
  declare readonly content?: string | readonly Readonly<Record<string, unknown>>[] | null;

  private constructor(members: Readonly<Record<string, unknown>>) {
    Object.assign(this, members);
  }

  /**
   * @param data A text is a user's message; so is an object without a `role`.
   * @param name For messages of errors. @default "message"
   * @throws ConfigurationError when it is no message, naming the member that is wrong.
   */
  static fromDict(data: MessageLike, name: string = "message"): Message {
    const members = typeof data === "string" ? { content: data } : data;
    const { role } = parseWith(messageSchema, members, name);
    return new Message(Object.assign({ role }, members, { role }));
  }

  toDict(): Record<string, unknown> {
    return { ...this };
  }
}
