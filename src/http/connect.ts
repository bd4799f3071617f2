import { Buffer } from "node:buffer";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { HttpError } from "./http-error.ts";

/** Hears once whether there is a connection. */
export type OnConnected = (outcome: Socket | Error) => void;

/**
 * Opens a connection.
 *
 * @param onBytes Hears what comes on it; the bytes are its own only until it returns.
 * @param onConnected Called later, never before this returns.
 * @returns what gives up waiting for it.
 */
export type Connect = (onBytes: (bytes: Buffer) => void, onConnected: OnConnected) => () => void;

/** A server, as its URL names it. */
export interface Origin {
  readonly isTls: boolean;
  /** Without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** Without a connection by then, there will be none. */
export const connectTimeoutMs = 10_000;

/** So that a dead peer is found out though nothing is sent: an answer may take minutes. */
const keepAliveProbeMs = 60_000;

/**
 * What all sockets read into, again and again: a read is handed on before the next begins, whichever socket's that is. One for each
 * would be as many places that no processor's cache holds, and 64 MiB where a thousand get long answers. Most answers fit.
 */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** @throws Error when `url` is no http or https URL. */
export function parseOrigin(url: string): Origin {
  const { protocol, hostname, port } = new URL(url);
  const isTls = protocol === "https:";
  return { isTls, hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port || (isTls ? 443 : 80)) };
}

/** Connects to a server itself. Later TLS connections resume the session of earlier ones. */
export function connectTo({ isTls, hostname, port }: Origin): Connect {
  let session: Buffer | undefined;
  return (onBytes, onConnected) => {
    const options = { host: hostname, port, ...socketOptions, onread: readInto(onBytes) };
    if (!isTls) {
      const socket = connectTcp(options);
      return awaitEvent(socket, "connect", onConnected);
    }
    const socket = connectTls({ ...options, ...tlsOptions(hostname), ...(session !== undefined && { session }) });
    socket.on("session", (ticket) => (session = ticket));
    return awaitEvent(socket, "secureConnect", onConnected);
  };
}

/** One socket's settings. */
const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveProbeMs } as const;

/** An address has no name that a certificate could be asked for by. */
export function tlsOptions(hostname: string): { ALPNProtocols: string[]; servername?: string } {
  return { ALPNProtocols: ["http/1.1"], ...(isIP(hostname) === 0 && { servername: hostname }) };
}

/** Reading into one buffer costs a third of what a stream of chunks does. */
function readInto(onBytes: (bytes: Buffer) => void): {
  buffer: Buffer;
  callback: (length: number, buffer: Uint8Array) => boolean;
} {
  return {
    buffer: readBuffer,
    callback(length) {
      onBytes(readBuffer.subarray(0, length));
      return true;
    },
  };
}

/** @param event What the socket emits once it is connected. */
function awaitEvent(socket: Socket, event: "connect" | "secureConnect", onConnected: OnConnected): () => void {
  const timer = setTimeout(() => socket.destroy(new HttpError("ERR_CONNECT_TIMEOUT")), connectTimeoutMs);
  const end = (outcome: Socket | Error): void => {
    clearTimeout(timer);
    socket.off(event, succeed).off("error", end).off("close", close);
    onConnected(outcome);
  };
  const succeed = (): void => end(socket);
  const close = (): void => end(new HttpError("ERR_CLOSED_EARLY"));
  socket.on(event, succeed).on("error", end).on("close", close);
  return () => socket.destroy();
}
