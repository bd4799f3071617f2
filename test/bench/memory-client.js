// One run of the command line, in a process of its own: node memory-client.js BASE_URL CONCURRENCY FILE CACHE
// Prints { peakMegabytes }.
const [baseUrl, concurrency, file, cache] = process.argv.slice(2);
const { runCommand } = await import("../../build/cli/commands/run.js");

const flags = { base_url: baseUrl, concurrency, output: `${file}.out`, cache: "disk", cache_path: cache, quiet: true };
const exitCode = await runCommand([file], flags, undefined, () => process.exit(2));
if (exitCode !== 0) throw new Error(`llmbatch ended with ${exitCode}`);
process.stdout.write(JSON.stringify({ peakMegabytes: process.resourceUsage().maxRSS / 1024 }));
