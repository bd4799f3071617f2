import { EventEmitter, once } from "node:events";
import { Readable } from "node:stream";
import { parentPort, workerData } from "node:worker_threads";
import { type LinePlace, splitLinesFrom } from "../jsonl/jsonl.ts";
import { fingerprint, targetOf } from "../model/fingerprint.ts";
import type { BatchInput, BatchRequest } from "../model/request.ts";
import { openInput } from "./input.ts";
import { packRequests } from "./packed-requests.ts";
import type { Delivery, Order, ThreadSettings } from "./reading-thread.ts";
import { createParser } from "./requests.ts";

/** Small, because each chunk is a group: what has been read and not taken yet lies about in the memory. */
const chunkBytes = 128 * 1024;
/** Enough that the other thread finds a group whenever it wants one. */
const mostBytesAhead = 4 * chunkBytes;

const settings: ThreadSettings = workerData;
/** By `targetOf`. The other thread tells them as they are needed. */
const endpoints = new Map<string, string>();
/** Delivered, and not taken yet. */
let bytesAhead = 0;
const takings = new EventEmitter();

const input = await openInput(settings.path, Readable.from([]));
if ((await input.version()) !== settings.version) throw new Error("another file has taken the name");
parentPort?.on("message", obey);
deliver({ kind: "ready" });

function obey(order: Order): void {
  if (order.kind === "read") void read(order.from, order.isNoted);
  else if (order.kind === "endpoint") endpoints.set(order.target, order.endpoint);
  else {
    bytesAhead -= order.bytes;
    takings.emit("taken");
  }
}

async function read(from: LinePlace, isNoted: boolean): Promise<void> {
  const onWarning = (text: string): void => deliver({ kind: "warning", text });
  const parser = createParser(settings.parsing, { idsAreUnique: true, onWarning });
  let place = from;
  for await (const { lines, next } of splitLinesFrom(from, input.from(from.byte, chunkBytes))) {
    const requests = packRequests(lines.map((line) => named(parser.parse(line), isNoted)));
    if (bytesAhead >= mostBytesAhead) await once(takings, "taken");
    bytesAhead += next.byte - place.byte;
    deliver({ kind: "requests", requests, next });
    place = next;
  }
  deliver({ kind: "end" });
}

/** With its fingerprint, if that is wanted, and it is known where the request goes. @throws Error for a line that is none of those that were checked. */
function named(request: BatchInput, isNoted: boolean): BatchRequest {
  if (request.kind !== "request") throw new Error(`line ${request.lineNumber} is not what it was`);
  const endpoint = isNoted ? undefined : endpoints.get(targetOf(request));
  return endpoint === undefined ? request : Object.assign(request, { fingerprint: fingerprint(endpoint, request.body) });
}

function deliver(delivery: Delivery): void {
  parentPort?.postMessage(delivery);
}
