import { constants, fstatSync, openSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { isatty } from "node:tty";
import { errorCode } from "../files/system-error.ts";
import { writeToDescriptor, writeToStream } from "./write-fully.ts";
import type { ResolvedSink } from "../files/resolve-output.ts";

/** Takes bytes in the way that suits what is behind it. Rejects with the error of the system. */
export interface Sink {
  /** Resolves once all bytes are with the operating system. */
  write(bytes: Buffer): Promise<void>;
  /** Lets go of what was opened here; descriptors that were inherited stay open. */
  close(): Promise<void>;
}

/** @param signal Ends the wait for a reader of a named pipe. */
export async function openSink(target: ResolvedSink, signal: AbortSignal | undefined): Promise<Sink> {
  switch (target.kind) {
    case "descriptor":
      return inherited(target.descriptor);
    case "pipe":
      return pipe(writingSocket(await openPipe(target.name, signal)));
    case "device":
      return device(await open(target.name, constants.O_WRONLY));
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
 * Pipes, sockets and terminals are in non-blocking mode and need a stream. A file does not, and is better off without: node's own
 * stream for a redirected stdout takes no notice when the system writes less than it was given.
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

const millisecondsBetweenLooks = 50;

/**
 * Waits for a reader by looking again and again: an open that blocks until one comes cannot be interrupted and keeps even
 * `process.exit` from ending the process.
 */
async function openPipe(path: string, signal: AbortSignal | undefined): Promise<number> {
  for (;;) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (errorCode(error) !== "ENXIO") throw error;
    }
    await sleep(millisecondsBetweenLooks, undefined, signal ? { signal } : {});
  }
}

function writingSocket(descriptor: number): Socket {
  const socket = new Socket({ fd: descriptor, readable: false, writable: true });
  listening(socket);
  return socket;
}

/** A failed write tells its callback; without a listener the same error would end the process as well. */
function listening<Stream extends Writable>(stream: Stream): Stream {
  return stream.on("error", () => undefined);
}
