import { describe, expect, it } from "vitest";
import { maskAddresses, passwordsIn } from "../../src/text/mask-addresses.ts";

describe("maskAddresses", () => {
  it.each([
    ["redis://:secret@host:6379/0", "redis://[secret]@host:6379/0"],
    ["connect to rediss://me:secret@a, postgres://secret@b/db", "connect to rediss://[secret]@a, postgres://[secret]@b/db"],
    ["redis://:se/cr#et?secret@host", "redis://[secret]@host"],
    ["redis://u:se@cret@host", "redis://[secret]@host"],
    ["https://h/v1?sig=secret&api-version=2026#secret=", "https://h/v1?sig=[secret]&api-version=2026#secret="],
    ["postgres://h/db?password=secret&sslmode=verify-full", "postgres://h/db?password=[secret]&sslmode=verify-full"],
  ])("%s", (text, shown) => {
    expect(maskAddresses(text)).toBe(shown);
  });

  it.each([
    "rediss://:${PASSWORD}@host:6379",
    "redis://me:${PASSWORD}@host",
    "https://h/v1?sig=${SIGNATURE}&x=${B}",
    "https://registry.example/@scope/package",
    "~/cache.sqlite",
    "mail me@example.com",
  ])("leaves %s as it is", (text) => {
    expect(maskAddresses(text)).toBe(text);
  });
});

it("passwordsIn finds them as they stand in an address, and decoded", () => {
  expect(passwordsIn("redis://me:pass%2Dword@h")).toEqual(["pass%2Dword", "pass-word"]);
  expect(passwordsIn("postgres://h/db?password=word&x=1")).toEqual(["word"]);
  expect(passwordsIn("redis://:%zz@h")).toEqual(["%zz"]);
  expect(["https://h/v1", "/a/b@c"].flatMap(passwordsIn)).toEqual([]);
});
