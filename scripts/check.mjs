// `npm run check`: every check:* of package.json, two at a time, the longest first. Prints what each says, and which failed.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const { scripts } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const left = Object.keys(scripts).filter((name) => name.startsWith("check:"));
const failed = [];
await Promise.all([work(), work()]);
if (failed.length > 0) console.error(`failed: ${failed.join(", ")}`);
process.exit(failed.length > 0 ? 1 : 0);

async function work() {
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    const [code, output] = await run(name);
    process.stdout.write(`\n== ${name}\n${output}`);
    if (code !== 0) failed.push(name);
  }
}

function run(name) {
  return new Promise((resolve) => {
    const child = spawn("npm", ["run", "--silent", name], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => resolve([1, `${error.message}\n`]));
    child.on("close", (code) => resolve([code, output]));
  });
}
