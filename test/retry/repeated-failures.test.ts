import { expect, test } from "vitest";
import { answered, failed } from "../limiters/attempts.ts";
import { Trial } from "./trial.ts";

const page = (message: string): ReturnType<typeof failed> => failed("invalid_response", { message, isFinalIfRepeated: true });

test("an answer that is no JSON in the same way twice is not paid for a third time", async () => {
  const outcome = await new Trial().run([page("HTTP 200: no JSON in the answer: Welcome")]);
  expect(outcome).toMatchObject({
    attempts: 2,
    attempt: { failure: { kind: "invalid_response", message: expect.stringContaining("(twice alike") } },
  });
});

test("ids and times make no difference between two answers that are no JSON", async () => {
  const outcome = await new Trial().run([page("Sorry! Ray ID: 8f2e5c, 10:31"), page("Sorry! Ray ID: 8f2e77, 10:32")]);
  expect(outcome.attempts).toBe(2);
});

test("failures that differ are tried again as often as others", async () => {
  const different = ["a", "b", "a", "b", "a"].map((word) => page(word));
  const passing = Array.from({ length: 5 }, () => failed("invalid_response"));
  const mixed = [page("a"), failed("network"), page("a"), failed("network"), page("a")];
  for (const failures of [different, passing, mixed])
    expect(await new Trial().run([...failures, answered()])).toMatchObject({ attempts: 6, attempt: { ok: true } });
});

test("another target is asked, though it may answer alike", async () => {
  const elsewhere = failed("invalid_response", { isFinalIfRepeated: true, canGoElsewhere: true });
  expect(await new Trial().run([elsewhere, elsewhere, answered()])).toMatchObject({ attempts: 3, attempt: { ok: true } });
});
