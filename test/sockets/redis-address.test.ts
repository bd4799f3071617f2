import { expect, test } from "vitest";
import { parseRedisAddress } from "../../src/sockets/redis-address.ts";

test("an address is taken apart, and shown without user and password", () => {
  expect(parseRedisAddress("rediss://us%40er:p%25ss@[::1]:7000/3", "--queue")).toMatchObject({
    shown: "rediss://[::1]:7000/3",
    hostname: "::1",
    port: 7000,
    username: "us@er",
    password: "p%ss",
    database: 3,
    isEncrypted: true,
  });
  expect(parseRedisAddress("REDIS://Cache.example", "--queue")).toMatchObject({
    shown: "redis://cache.example",
    hostname: "cache.example",
    port: 6379,
    username: "",
    password: "",
    database: 0,
    isEncrypted: false,
  });
});

test.each([
  ["http://localhost", "expected an address such as redis://host:6379, or rediss:// for TLS"],
  ["redis://secret@host:port", "expected an address such as redis://host:6379"],
  ["redis:///1", "it names no server"],
  ["redis://h?password=secret", "without options"],
  ["redis://u:secret@h/name", "behind the server stands a database's number or nothing: redis://host:6379/0"],
  ["redis://u:%zzsecret@h", "its user or password is not encoded as in addresses: % is written %25"],
  ["redis://%zzsecret@h", "its user or password is not encoded as in addresses: % is written %25"],
])("%s is refused with words that show no password", (address, words) => {
  const said = (): unknown => parseRedisAddress(address, "--queue");
  expect(said).toThrow(
    `--queue: ${words.startsWith("without") ? "expected an address such as redis://host:6379, " : ""}${words}`,
  );
  expect(said).not.toThrow("secret");
});
