import { expect, it } from "vitest";
import { RecentNames } from "../../../src/manager/live/recent-names.ts";
import type { BatchRequest } from "../../../src/model/request.ts";

function request(body: string, more: Partial<BatchRequest> = {}): BatchRequest {
  return { kind: "request", lineNumber: 1, customId: "a", path: "/v1/chat/completions", model: "m", body, ...more };
}

function namesOf(names: RecentNames, ...asked: [BatchRequest, string?][]): (string | undefined)[] {
  return asked.map(([one, namespace], index) => names.of(one, namespace, () => `name ${index}`));
}

it("gives a text the name that it had, and each path and namespace one of its own", () => {
  const names = new RecentNames();
  const asked: [BatchRequest, string?][] = [
    [request("{}")],
    [request("{}"), "client a"],
    [request("{} ")],
    [request("{}", { path: "/v1/responses" })],
  ];
  expect(namesOf(names, ...asked)).toEqual(["name 0", "name 1", "name 2", "name 3"]);
  expect(namesOf(names, ...asked.toReversed())).toEqual(["name 3", "name 2", "name 1", "name 0"]);
});

it("makes a name each time for requests whose text is not all that names them", () => {
  const names = new RecentNames();
  const withHeaders = request("{}", { headers: { "anthropic-beta": "x" } });
  expect(namesOf(names, [withHeaders], [withHeaders])).toEqual(["name 0", "name 1"]);
  const pinned = request("{}", { provider: "gpu" });
  expect(namesOf(names, [pinned], [pinned])).toEqual(["name 0", "name 1"]);
});

it("forgets what was asked long ago, and keeps what is asked again and again", () => {
  const names = new RecentNames();
  const often = request("{}");
  const large = (index: number): BatchRequest => request(`{"a":"${index}${"x".repeat(80_000)}"}`);
  const first = large(0);
  names.of(often, undefined, () => "often");
  names.of(first, undefined, () => "first");
  for (let index = 1; index < 300; index += 1) {
    names.of(large(index), undefined, () => "other");
    expect(names.of(often, undefined, () => "forgotten")).toBe("often");
  }
  expect(names.of(first, undefined, () => "again")).toBe("again");
});
