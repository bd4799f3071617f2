// `npm run demo`: the main job, from a file of requests to a file of answers, without a key and without a network.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const project = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "llmbatch-demo-"));
const output = join(folder, "out.jsonl");

run("Twelve reviews to label, sent to the built-in mock:");
console.log("\nWhat came out: one line per request, in the order of the input.\n");
for (const line of readFileSync(output, "utf8").trimEnd().split("\n").slice(0, 4)) {
  const { custom_id, response } = JSON.parse(line);
  console.log(`  ${custom_id}  ${response.status_code}  ${shortened(response.body.choices[0].message.content)}`);
}
console.log(`  …\n\n  ${output}\n  ${output}.stats.json\n`);
run("The same command again: everything comes from the cache, nothing is paid for twice.");

function run(title) {
  const options = ["--provider", "mock", "--cache-path", join(folder, "cache.sqlite"), "-o", output];
  console.log(`${title}\n\n  $ llmbatch run samples/requests.jsonl ${options.slice(0, 2).join(" ")} -o out.jsonl\n`);
  const { status } = spawnSync(process.execPath, ["bin/llmbatch.js", "run", "samples/requests.jsonl", ...options], {
    cwd: project,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}

function shortened(text) {
  return text.length > 70 ? `${JSON.stringify(text.slice(0, 70))}…` : JSON.stringify(text);
}
