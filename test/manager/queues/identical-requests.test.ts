import { expect, test } from "vitest";
import { IdenticalRequests } from "../../../src/manager/queues/identical-requests.ts";
import { failedResult } from "../../../src/manager/results.ts";
import type { BatchResult } from "../../../src/model/result.ts";
import { internal } from "../../../src/model/failure.ts";

test("those that are identical to one under way get what becomes of it; one that comes later is a first one", async () => {
  const requests = new IdenticalRequests();
  expect(requests.follow("a")).toBeUndefined();
  expect(requests.follow("b")).toBeUndefined();
  const followers = [requests.follow("a"), requests.follow("a")];
  requests.end("b", resultOf("of b"));
  requests.end("a", resultOf("of a"));
  const messages = await Promise.all(followers.map(async (follower) => (await follower)?.error?.message));
  expect(messages).toEqual(["of a", "of a"]);
  expect(requests.follow("a")).toBeUndefined();
});

function resultOf(message: string): BatchResult {
  const path = "/v1/chat/completions";
  const request = { kind: "request", lineNumber: 1, customId: "request-1", path, model: "m", body: "" } as const;
  return failedResult({ id: "", index: 0, request }, { failure: internal(message) }, 1);
}
