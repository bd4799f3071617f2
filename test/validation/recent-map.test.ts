import { expect, test } from "vitest";
import { RecentMap } from "../../src/validation/recent-map.ts";

test("what was asked for last is remembered, the rest is made anew", () => {
  const made: string[] = [];
  const map = new RecentMap(2, (key) => {
    made.push(key);
    return { key };
  });
  const a = map.get("a");
  map.get("b");
  expect(map.get("a")).toBe(a);
  map.get("c");
  expect(map.get("a")).toBe(a);
  expect(map.get("b")).toEqual({ key: "b" });
  expect(made).toEqual(["a", "b", "c", "b"]);
});
