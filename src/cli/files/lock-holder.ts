import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { errorCode } from "../../model/errors.ts";
import { isJsonObject, parseJson } from "../../json/json-value.ts";

/** The process that holds a lock, as written in the lock file. */
export interface LockHolder {
  /** 16 random hex digits, new for each lock. */
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** The process's start time: a later process may get the same pid. Known on Linux only. */
  readonly started?: string;
  /** Whether the lock file belongs to the user of this process; not part of its text. */
  readonly writtenByUs?: boolean;
}

export function thisProcess(): LockHolder {
  const id = randomBytes(8).toString("hex");
  const started = lookUp(process.pid)?.started;
  const holder = { id, pid: process.pid, host: hostname() };
  return started === undefined ? holder : { ...holder, started };
}

/** @returns undefined if no run has written `text`. */
export function parseHolder(text: string): LockHolder | undefined {
  const value = parseJson(text);
  return isHolder(value) ? value : undefined;
}

/** Whether the process may still run. A process on another machine cannot be seen, and counts as alive. */
export function isAlive({ pid, host, started }: LockHolder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false;
  }
  const now = lookUp(pid);
  if (now === undefined) return true;
  return !now.hasEnded && (started === undefined || started === now.started);
}

/** Whether it certainly is a run of this user: by the lock's owner, the process's start time and its program. Known on Linux only. */
export function isOurs({ pid, host, started, writtenByUs }: LockHolder): boolean {
  if (host !== hostname() || writtenByUs !== true || started === undefined) return false;
  try {
    return lookUp(pid)?.started === started && readlinkSync(`/proc/${pid}/exe`) === readlinkSync("/proc/self/exe");
  } catch {
    return false; // it has ended, or is another user's
  }
}

function isHolder(value: unknown): value is LockHolder {
  if (!isJsonObject(value)) return false;
  const { id, pid, host, started } = value;
  const isId = typeof id === "string" && /^[0-9a-f]{16}$/.test(id); // it becomes part of a path
  const isPid = Number.isInteger(pid) && Number(pid) > 0;
  return isId && isPid && typeof host === "string" && (started === undefined || typeof started === "string");
}

/**
 * Reads `/proc/PID/stat` (proc(5)): field 3 is the process's state, field 22 its start in clock ticks after the boot. A killed process is
 * listed as a zombie until its parent waits for it.
 */
function lookUp(pid: number): { readonly started: string; readonly hasEnded: boolean } | undefined {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field, the command's name in brackets, may hold spaces and brackets itself.
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [state = ""] = fields;
  const started = fields[19];
  return started === undefined ? undefined : { started, hasEnded: state === "Z" || state === "X" };
}
