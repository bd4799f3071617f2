import { describe, expect, it, test } from "vitest";
import { fingerprint, fingerprintOfOccurrence } from "../../src/model/fingerprint.ts";

const endpoint = "https://api.openai.com/v1/chat/completions";
const body = '{"model":"m","messages":[{"role":"user","content":"Hi"}]}';
/** As version 0.1.0 gave them. */
const known: Readonly<Record<string, string>> = {
  "of keys in another order, with spaces": "k033ocz53NBLUPjcs1a2vtD48zyjANV7U-AlatI2ZlU",
  "of escapes with another spelling": "UlRW1BNU-QXaxHzEnl4SKaFIvMPY_IVHi8E4-zZLiBY",
  "of numbers a double cannot hold, and of those it can": "jnzFCj--h68MZDtYDEYb91g9d9J1TSO-Jxh09jG-ZSs",
  "of duplicate keys": "XkwR8YWW072DN1FLPPAPWxjDARmFkRoN9aUw04gPT38",
  "of many members out of order": "a_sK31uCCaCSPOiXdnY0Y8kACGVxiXLLbSAB65gP4yU",
  "of text beyond ASCII": "dfQI6f5nh41aO6LexTxnG1ZptLgHxiRgXTvCW5LQJvM",
};

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

describe("fingerprints that an earlier version gave are kept, also", () => {
  it.each([
    ["of keys in another order, with spaces", ' { "messages": [ {"role":"user" , "content":"Hi"} ], "model" : "m" } '],
    ["of escapes with another spelling", String.raw`{"model":"m","stop":"\u0041\/\n\"","messages":[]}`],
    [
      "of numbers a double cannot hold, and of those it can",
      '{"seed":9223372036854775807,"temperature":1.0,"top_p":1e-1,"n":-0}',
    ],
    ["of duplicate keys", '{"b":2,"a":1,"b":1,"a":2}'],
    ["of many members out of order", `{${[...Array(60).keys()].map((n) => `"k${(n * 37) % 60}":[{},[],${n}]`).join(",")}}`],
    ["of text beyond ASCII", '{"model":"m","messages":[{"role":"user","content":"Grüße 😀 \u2028"}]}'],
  ])("%s", (name, text) => {
    expect(fingerprint(endpoint, text)).toBe(known[name]);
  });
});
