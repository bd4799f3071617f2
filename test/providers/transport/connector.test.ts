import { once, getEventListeners } from "node:events";
import type { Socket } from "node:net";
import { expect, it } from "vitest";
import { createConnector } from "../../../src/providers/transport/connector.ts";
import { serve } from "../../support/closing.ts";

it("connections that were made leave nothing behind at the signal that gives them up", async () => {
  const { port } = await serve();
  const closing = new AbortController();
  const connect = createConnector(closing.signal, {});
  const options = { hostname: "127.0.0.1", port: String(port), protocol: "http:" };
  for (let times = 0; times < 3; times += 1) {
    const socket = await new Promise<Socket>((resolve, reject) => {
      connect(options, (error, made) => (error === null ? resolve(made) : reject(error)));
      expect(getEventListeners(closing.signal, "abort")).toHaveLength(1);
    });
    socket.destroy();
    await once(socket, "close");
  }
  expect(getEventListeners(closing.signal, "abort")).toEqual([]);
});

it("a connection that is being made is given up by its signal", async () => {
  const closing = new AbortController();
  const connect = createConnector(closing.signal, {});
  // RFC 5737: no machine has this address.
  const address = { hostname: "192.0.2.1", port: "80", protocol: "http:" };
  const given = new Promise<unknown>((resolve) => connect(address, (...[error]) => resolve(error)));
  closing.abort();
  expect(await given).toMatchObject({ code: "ERR_PROVIDER_CLOSED" });
});
