import { expect, test } from "vitest";
import { fingerprint, fingerprintOfOccurrence } from "../../src/model/fingerprint.ts";

const endpoint = "https://api.openai.com/v1/chat/completions";
const body = '{"model":"m","messages":[{"role":"user","content":"Hi"}]}';

test("answers cached by an earlier version are found again: fingerprints never change", () => {
  expect(fingerprint(endpoint, body)).toBe("k033ocz53NBLUPjcs1a2vtD48zyjANV7U-AlatI2ZlU");
  expect(fingerprintOfOccurrence("x", 3)).toBe("Ub3HaVpGzyP_9au7ir_OEmJAkE9sJZMt_evWCuVWe0U");
});

test("one request has one fingerprint, however it is written", () => {
  const other = ' { "messages": [{"content":"\\u0048i", "role":"user"}], "model":"m" }';
  expect(fingerprint(endpoint, other)).toBe(fingerprint(endpoint, body));
});

test("a stop sequence of white space, an empty value or another endpoint make another request", () => {
  const variants = [
    fingerprint(endpoint, body),
    fingerprint(endpoint, body.replace("}]}", '}],"stop":"\\n"}')),
    fingerprint(endpoint, body.replace("}]}", '}],"stop":""}')),
    fingerprint(endpoint, body.replace("}]}", '}],"stop":null}')),
    fingerprint("https://api.groq.com/openai/v1/chat/completions", body),
  ];
  expect(new Set(variants).size).toBe(variants.length);
});

test("identical requests get a fingerprint each, the first its own", () => {
  const first = fingerprint(endpoint, body);
  const names = [0, 1, 2, 10].map((occurrence) => fingerprintOfOccurrence(first, occurrence));
  expect(names[0]).toBe(first);
  expect(new Set(names).size).toBe(4);
  for (const name of names) expect(name).toMatch(/^[\w-]{43}$/);
});
