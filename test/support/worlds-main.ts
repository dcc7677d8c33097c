import { parseArgs } from "node:util";
import { search } from "./worlds/search.js";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1000" },
    seed: { type: "string" },
    from: { type: "string", default: "1" },
  },
});
const seed = values.seed === undefined ? Date.now() % 0x7fff_ffff : Number(values.seed);
const result = await search({
  count: Number(values.count),
  seed,
  from: Number(values.from),
  onProgress: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${result.summary}\n`);
if (result.counterexample !== undefined) {
  process.stdout.write(`\n${result.counterexample}\n`);
  process.exitCode = 1;
}
