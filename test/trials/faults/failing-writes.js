/**
 * Loaded into a process with `node --import`: its N-th write by `node:fs` fails, or whatever else changes a file: sync, link, rename …. Told what to do by the same
 * variables as `failing-writes.c`, which says what they mean.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { constants } from "node:os";

const { FAULT_AT: at, FAULT_ERRNO: errno, FAULT_FOR_EVER: forEver, FAULT_FILES: files, FAULT_MARK: markPath } = process.env;
const code = Object.entries(constants.errno).find(([, number]) => number === Number(errno))?.[0];
const writeMark = fs.writeFileSync;
const wanted = Number(at);
let calls = 0;

/** @returns what is to happen to this call: nothing, an error, or half of what it was to do. */
function judge(what, target) {
  const path = pathOf(target);
  if (path === undefined || !path.includes(files)) return "pass";
  calls += 1;
  if (calls < wanted || (calls > wanted && forEver === undefined)) return "pass";
  if (calls === wanted) writeMark(markPath, `${what} ${path}`);
  return calls === wanted && forEver !== undefined ? "half" : "fail";
}

function pathOf(target) {
  if (typeof target !== "number") return String(target);
  if (target <= 2) return undefined;
  try {
    return fs.readlinkSync(`/proc/self/fd/${target}`);
  } catch {
    return files; // no /proc: all that is no standard stream counts
  }
}

function failure(what) {
  return Object.assign(new Error(`${code}: made to fail, ${what}`), { code, errno: -Number(errno), syscall: what });
}

function wrap(owner, name, change) {
  const real = owner[name];
  const changed = change(real);
  for (const key of Reflect.ownKeys(real)) Object.defineProperty(changed, key, Object.getOwnPropertyDescriptor(real, key));
  owner[name] = changed;
}

function failSync(owner, name, targetOf = (first) => first) {
  wrap(owner, name, (real) => (...all) => {
    if (judge(name, targetOf(...all)) !== "pass") throw failure(name);
    return real.apply(owner, all);
  });
}

function failAsync(owner, name, targetOf) {
  wrap(
    owner,
    name,
    (real) =>
      async function changed(...all) {
        if (judge(name, targetOf(this, ...all)) !== "pass") throw failure(name);
        return Reflect.apply(real, this, all);
      },
  );
}

/** `write(descriptor, bytes, offset, length, position)`, of which the half can be written. */
wrap(fs, "write", (real) => (descriptor, bytes, offset, length, position, done) => {
  const verdict = judge("write", descriptor);
  if (verdict === "fail") process.nextTick(done, failure("write"));
  else real(descriptor, bytes, offset, verdict === "half" ? Math.ceil(length / 2) : length, position, done);
});
wrap(fs, "writeSync", (real) => (descriptor, bytes, offset, length, position) => {
  const verdict = judge("writeSync", descriptor);
  if (verdict === "fail") throw failure("write");
  return real(descriptor, bytes, offset, verdict === "half" ? Math.ceil(length / 2) : length, position);
});
failSync(fs, "writeFileSync");
for (const name of ["mkdtempSync", "openSync", "rmSync"]) failSync(fs, name);
for (const name of ["linkSync", "renameSync"]) failSync(fs, name, (_, to) => to);
for (const name of ["open", "unlink"]) failAsync(fs.promises, name, (_, path) => path);
failAsync(fs.promises, "rename", (_, __, to) => to);

const handle = await fs.promises.open(import.meta.filename);
const fileHandle = Object.getPrototypeOf(handle);
await handle.close();
for (const name of ["write", "writeFile", "appendFile", "sync", "datasync", "chmod"])
  failAsync(fileHandle, name, (self) => self.fd);

syncBuiltinESMExports();
