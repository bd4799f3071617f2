/** The door of this room: what models are known to refuse. */
export type { SanitizingRule } from "./rule.ts";
export { sanitizingRules } from "./rules.ts";
export { rulesFor, sanitize, type Sanitizing } from "./sanitize.ts";
