import { join } from "node:path";
import { type WorldSize, writeBigWorld } from "./big-world.js";
import { median, type Row, rounded, run, sideBySide } from "./measure.js";

const SIZE: WorldSize = { workloads: 10_000, files: 200, podsPerWorkload: 10, nodes: 200 };

/** Cold `plan` of a big world against only parsing the same files in one Node process. */
export async function planRow(folder: string, rounds: number, root: string): Promise<Row> {
  const world = writeBigWorld(join(folder, "big"), SIZE);
  const cli = join(root, "dist/cli/main.js");
  const heap = "--max-old-space-size=8192";
  const [plans, parses] = await sideBySide(
    rounds,
    () => run(process.execPath, [heap, cli, "plan", "--path", world.plan, "--snapshot", world.snapshot, "-o", "json"]),
    () => run(process.execPath, [heap, join(root, "bench/baseline-parse.mjs"), world.plan, world.snapshot]),
  );
  const failed = [...plans, ...parses].find((one) => one.code !== 0);
  if (failed !== undefined) throw new Error(`a measured program exited with ${failed.code}`);
  const seconds = median(plans.map((one) => one.seconds));
  const parseSeconds = median(parses.map((one) => one.seconds));
  const cpu = median(plans.map((one) => one.cpuSeconds));
  const parseCpu = median(parses.map((one) => one.cpuSeconds));
  const memory = median(plans.map((one) => one.peakMiB));
  const parseMemory = median(parses.map((one) => one.peakMiB));
  return {
    name: "plan: 10,000 fixed workloads, 90,000 Pods with allocations",
    target: "time <= 2x parsing, memory <= 2.5x",
    figures: {
      "time ratio": rounded(seconds / parseSeconds),
      "CPU time ratio": rounded(cpu / parseCpu),
      "memory ratio": rounded(memory / parseMemory),
      "plan s": rounded(seconds),
      "parse s": rounded(parseSeconds),
      "plan CPU s": rounded(cpu),
      "parse CPU s": rounded(parseCpu),
      "plan MiB": Math.round(memory),
      "parse MiB": Math.round(parseMemory),
    },
  };
}
