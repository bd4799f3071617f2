import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { loadOptions } from "../../src/config/load-options.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

let folder = "";

beforeEach(() => {
  folder = temporaryFolder();
});

function complaintOf(flags: Record<string, unknown>, config = "{}"): string {
  const file = join(folder, "config.json");
  writeFileSync(file, config);
  try {
    loadOptions(flags, file, {});
  } catch (error) {
    return String(error);
  }
  return "";
}

describe("what may be a secret is not repeated when it is wrong", () => {
  it.each([
    ["--header", { header: ["Authorization Bearer sk-canary"] }],
    ["--header", { header: ["x-api-key: sk-canary\r\nx-evil: 1"] }],
    ["--base-url", { base_url: "https://me:canary@example.com/v1" }],
    ["--base-url", { base_url: "htps://example.com/v1?key=canary" }],
    ["--base-url", { base_url: "https://example.com/v1#canary" }],
  ])("%s %j", (flag, flags) => {
    expect(complaintOf(flags)).toContain(`${flag}: expected `);
    expect(complaintOf(flags)).not.toContain("canary");
  });

  it.each([
    ['{"api_key":"sk-canary-0123456789"}', '"api_key": there is no such option'],
    ['{"header": {"authorization": "sk-canary"}}', '"header": expected '],
    ['{"cache_path": ["redis://:canary@h"]}', '"cache_path": expected a text'],
    ['{"queue": ["redis://:canary@h"]}', '"queue": expected a text'],
    ['{"api_key": sk-canary-0123456789}', "it is not JSON: Unexpected token"],
    ['{"header": "x-api-key: sk-canary', "it is not JSON: Unterminated string"],
    ['{"header": "x-api-key: sk-canary",\n "a": }', "it is not JSON: Unexpected token"],
    ['{"header": "x-api-key: sk-canary" "a": 1}', "it is not JSON: Expected ','"],
    ['{"sk-canary', "it is not JSON: "],
    ["'sk-canary, \"a\"'", "it is not JSON: "],
  ])("in the configuration: %s", (config, words) => {
    expect(complaintOf({}, config)).toContain(words);
    expect(complaintOf({}, config)).not.toContain("canary");
  });

  it.each([
    ['{\n  "rpm": 5,\n}', "config.json:3: it is not JSON: Expected double-quoted property name at column 1"],
    ['{"rpm": 5', "config.json:1: it is not JSON: "],
    ["", "config.json:1: it is not JSON: Unexpected end of JSON input at column 1"],
  ])("a file that is not JSON is named with its line: %j", (config, words) => {
    expect(complaintOf({}, config)).toContain(words);
  });

  it("a file that is not there is told in words", () => {
    expect(() => loadOptions({}, "none.json", {})).toThrow(
      "configuration: cannot read none.json: there is no such file or directory",
    );
  });

  it("but other values are", () => {
    expect(complaintOf({ rpm: "fast" })).toContain('--rpm: expected a whole number above 0, not "fast"');
    expect(complaintOf({ base_url: "ftp://x" })).toContain('not "ftp://x"');
  });
});
