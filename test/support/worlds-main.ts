import { parseArgs } from "node:util";
import { FEATURES, type Feature } from "./worlds/life-spec.js";
import { search } from "./worlds/search.js";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1000" },
    seed: { type: "string" },
    from: { type: "string", default: "1" },
    // Seconds for making what is found smaller.
    shrink: { type: "string", default: "" },
    // Of test/support/worlds/life-spec.ts: `all`, `none`, or some with commas. With `none` a number is the world it always was.
    features: { type: "string", default: "all" },
  },
});
function featuresOf(text: string): readonly Feature[] {
  if (text === "all") return FEATURES;
  if (text === "none") return [];
  return text.split(",").map((name) => {
    const found = FEATURES.find((one) => one === name);
    if (found === undefined) throw new Error(`no feature ${name}; there are all, none, ${FEATURES.join(", ")}`);
    return found;
  });
}

const seed = values.seed === undefined ? Date.now() % 0x7fff_ffff : Number(values.seed);
const result = await search({
  count: Number(values.count),
  seed,
  from: Number(values.from),
  features: featuresOf(values.features),
  ...(values.shrink !== "" && { shrinkFor: Number(values.shrink) * 1000 }),
  onProgress: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${result.summary}\n`);
if (result.counterexample !== undefined) {
  process.stdout.write(`\n${result.counterexample}\n`);
  process.exitCode = 1;
}
