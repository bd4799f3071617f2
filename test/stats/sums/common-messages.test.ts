import * as fc from "fast-check";
import { expect, it } from "vitest";
import { CommonMessages } from "../../../src/stats/sums/common-messages.ts";

function commonestOf(messages: readonly string[]): CommonMessages["commonest"] {
  const common = new CommonMessages();
  for (const [index, message] of messages.entries()) common.add(message, index + 1);
  return common.commonest;
}

it("the commonest message is found among any others, with its first line", () => {
  const other = fc.integer({ min: 0, max: 1000 }).map((number) => `error ${number}`);
  fc.assert(
    fc.property(fc.array(other, { maxLength: 200 }), fc.infiniteStream(fc.nat()), (others, chance) => {
      const messages = [...others];
      for (let count = 0; count <= others.length; count += 1)
        messages.splice((chance.next().value ?? 0) % (messages.length + 1), 0, "the same");
      expect(commonestOf(messages)?.message).toBe("the same");
    }),
  );
  expect(commonestOf(["a", "b", "c", "b"])).toMatchObject({ message: "b", lineNumber: 2 });
});

it("where no message comes twice, one of them is an example; where there is none, there is none", () => {
  expect(commonestOf(Array.from({ length: 500 }, (_, index) => `error ${index}`))?.message).toMatch(/^error \d+$/);
  expect(commonestOf([])).toBeUndefined();
});
