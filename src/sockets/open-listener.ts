import type { Server } from "node:http";
import { ConfigurationError, errorCode, messageOf } from "../model/errors.ts";

/** Connections that may knock at once; a client may open thousands in one go. */
const backlog = 4096;

/**
 * Opens a server's address.
 *
 * @param port 0 for any free one.
 * @returns the port.
 * @throws ConfigurationError when it cannot be listened on.
 */
export function openListener(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(new ConfigurationError(cannotListen(cause, host, port), { cause }));
    server.once("error", fail);
    server.listen({ port, host, backlog }, () => {
      server.off("error", fail);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use; choose another port, or 0 for any free one",
  EADDRNOTAVAIL: "cannot be listened on: this machine does not have that address",
  EACCES: "cannot be listened on: the system lets its administrator alone do that; choose one above 1023",
  ENOTFOUND: "cannot be listened on: there is no host of that name",
};

function cannotListen(error: Error, host: string, port: number): string {
  const reason = reasons[errorCode(error) ?? ""] ?? `cannot be listened on: ${messageOf(error)}`;
  return `Port ${port} on ${host} ${reason}.`;
}
