/** Loaded into a process with `node --import`: at its end it writes the most memory that it held, in MiB, to the file `MEMORY_REPORT`. */
import { readFileSync, writeFileSync } from "node:fs";

process.on("exit", () => writeFileSync(process.env.MEMORY_REPORT, String(peakMiB())));

/** Not what `getrusage` says where it can be helped: that counts the parent's memory, too, as it was at the fork. */
function peakMiB() {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}
