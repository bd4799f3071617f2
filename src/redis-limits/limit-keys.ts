import type { LimitScope } from "../limiters/limiters.ts";

/** Where the limits of one scope are kept: `llmbatch:limit:api.openai.com/v1:HASH:gpt-5.4`. No part of it is a key of a provider. */
export function limitKey(prefix: string, { account, model }: LimitScope): string {
  const [address = "", hash = ""] = account === undefined ? ["*", "*"] : account.split(/#(?=[^#]*$)/);
  return `${prefix}limit:${[address, hash, model ?? "*"].map(withoutColons).join(":")}`;
}

function withoutColons(text: string): string {
  return text.replaceAll("%", "%25").replaceAll(":", "%3A");
}
