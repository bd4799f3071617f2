import { constants, fstatSync, openSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { isatty } from "node:tty";
import { errorCode } from "../../model/errors.ts";
import { writeToDescriptor, writeToStream } from "./write-fully.ts";
import type { ResolvedSink } from "../files/resolve-output.ts";

/** An open descriptor, pipe or device. Its promises reject with system errors. */
export interface Sink {
  /** Resolves once the operating system has all bytes. */
  write(bytes: Buffer): Promise<void>;
  /** Inherited descriptors stay open. */
  readonly close: () => Promise<void>;
}

/** @param waits Whether to wait for the reader of a named pipe. */
export async function openSink(resolved: ResolvedSink, waits: boolean): Promise<Sink> {
  switch (resolved.kind) {
    case "descriptor":
      return inherited(resolved.descriptor);
    case "pipe":
      return pipe(writingSocket(await openPipe(resolved.name, waits)));
    case "device":
      return device(await open(resolved.name, constants.O_WRONLY));
  }
}

function inherited(descriptor: number): Sink {
  const stream = streamOf(descriptor);
  const write =
    stream === undefined
      ? (bytes: Buffer) => writeToDescriptor(descriptor, bytes)
      : (bytes: Buffer) => writeToStream(stream, bytes);
  return { write, close: async () => undefined };
}

/**
 * Pipes, sockets and terminals are in non-blocking mode and need a stream. A file must not have one: Node's stream for a redirected
 * stdout ignores short writes.
 */
function streamOf(descriptor: number): Writable | undefined {
  const status = fstatSync(descriptor);
  const isTerminal = isatty(descriptor);
  if (!isTerminal && !status.isFIFO() && !status.isSocket()) return undefined;
  if (descriptor === 1) return listening(process.stdout);
  if (descriptor === 2) return listening(process.stderr);
  return isTerminal ? undefined : writingSocket(descriptor);
}

function pipe(socket: Socket): Sink {
  return {
    write: (bytes) => writeToStream(socket, bytes),
    close: async () => {
      socket.destroy();
    },
  };
}

function device(handle: FileHandle): Sink {
  return {
    write: (bytes) => writeToDescriptor(handle.fd, bytes),
    close: () => handle.close(),
  };
}

const pollIntervalMs = 50;

/** Polls for a reader: an `open` that blocks until there is one cannot be interrupted, and even `process.exit` waits for it. */
async function openPipe(path: string, waits: boolean): Promise<number> {
  for (;;) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (errorCode(error) !== "ENXIO" || !waits) throw error;
    }
    await sleep(pollIntervalMs);
  }
}

function writingSocket(descriptor: number): Socket {
  return listening(new Socket({ fd: descriptor, readable: false, writable: true }));
}

/** A failed write calls its callback; without a listener the same error would end the process too. */
function listening<Stream extends Writable>(stream: Stream): Stream {
  return stream.on("error", () => undefined);
}
