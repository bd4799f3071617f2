import { expect, test } from "vitest";
import { isLoopback } from "../../src/sockets/loopback.ts";

test.each(["localhost", "127.0.0.1", "127.8.9.10", "::1", "[::1]"])("%s is this machine", (hostname) => {
  expect(isLoopback(hostname)).toBe(true);
});

test.each(["example.com", "127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "::2", "0.0.0.0"])(
  "%s is another",
  (hostname) => {
    expect(isLoopback(hostname)).toBe(false);
  },
);
