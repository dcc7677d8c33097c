import { parseArgs } from "node:util";
import { fuzz } from "./fuzz/fuzz.js";

/** Usage: npm run fuzz -- [--count 1000000] [--seed S]. Exit 1 when an exception escaped. */
const { values } = parseArgs({
  options: { count: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
});
const [count, seed] = [Number(values.count), Number(values.seed)];
const { answers, escaped, escapes, seconds, heap } = await fuzz({
  count,
  seed,
  onProgress: (line) => process.stderr.write(`${line}\n`),
});
for (const { name, inputs, slowestMs, slowest } of answers)
  console.log(`${name}: ${inputs} inputs, slowest ${slowestMs.toFixed(1)} ms ${slowest}`);
for (const one of escaped) console.log(`escaped: ${one}`);
console.log(
  `${count} inputs, seed ${seed}: ${escapes} exceptions escaped, ${Math.round(count / seconds)} inputs a second`,
);
console.log(`heap: ${heap[0]} MiB after a tenth, ${heap[1]} MiB at the end`);
if (escapes > 0) process.exitCode = 1;
