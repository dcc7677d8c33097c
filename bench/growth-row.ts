import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type WorldSize, writeBigWorld } from "./big-world.js";
import { median, type Row, rounded, run } from "./measure.js";

/** Sizes of each thing that grows, the first ones the baseline of the others. */
const SUBNETS = [1_000, 2_000, 4_000];
const WORKLOADS = [1_000, 3_000, 10_000];
const FAULTY_KIB = 428;
const REFERENCES = 600_000;

/** `plan` at growing sizes: CPU seconds an item must stay what they are, and faulty plans must cost no more than good ones. */
export async function growthRow(folder: string, rounds: number, root: string): Promise<Row> {
  const figures: Record<string, number> = {};
  const measured = async (plan: string, snapshot: string, exit: number) => {
    const args = [join(root, "dist/cli/main.js"), "plan", "--path", plan, "--snapshot", snapshot, "-o", "json"];
    const runs = [];
    for (let round = 0; round < rounds; round++) runs.push(await run(process.execPath, args));
    const other = runs.find(({ code }) => code !== exit);
    if (other !== undefined) throw new Error(`plan of ${plan} exited with ${other.code}`);
    return { cpu: median(runs.map((one) => one.cpuSeconds)), seconds: median(runs.map((one) => one.seconds)) };
  };
  const grow = async (what: string, counts: readonly number[], sized: (count: number) => WorldSize) => {
    const first = { count: 0, cpu: 0 };
    for (const count of counts) {
      const world = writeBigWorld(join(folder, `${what}-${count}`), sized(count));
      const { cpu, seconds } = await measured(world.plan, world.snapshot, 0);
      figures[`plan of ${count} ${what}, CPU s`] = rounded(cpu);
      figures[`plan of ${count} ${what}, s`] = rounded(seconds);
      if (first.count === 0) Object.assign(first, { count, cpu });
      else
        figures[`CPU for one of ${count} ${what}, times that of ${first.count}`] = rounded(
          cpu / count / (first.cpu / first.count),
        );
    }
  };
  await grow("subnets", SUBNETS, (subnets) => ({ ...size(subnets), podsPerWorkload: 3, subnets }));
  await grow("workloads", WORKLOADS, size);
  const nothing = join(folder, "nothing.json");
  writeFileSync(nothing, JSON.stringify({ apiVersion: "v1", kind: "List", items: [] }));
  for (const [name, texts] of Object.entries(FAULTY)) {
    const { cpu } = await measured(written(join(folder, name), texts()), nothing, 1);
    figures[`${name}, CPU s`] = rounded(cpu);
  }
  return { name: "growth: plans of growing size", target: "n log n: CPU for one never above 1.5 times", figures };
}

function size(workloads: number): WorldSize {
  return { workloads, files: Math.ceil(workloads / 50), podsPerWorkload: 10, nodes: 200 };
}

const HEAD = "apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n";
const SUBNET = "  subnets:\n    a: {cidr: 10.0.0.0/12, gateway: 10.0.0.1, ranges: [10.0.0.10-10.15.0.0]}\n";

/** Plans whose every line is wrong in one way. */
const FAULTY: Record<string, () => readonly string[]> = {
  [`${FAULTY_KIB} KiB that is no YAML`]: () => [
    full("  workloads:\n", (i) => `    t/Deployment/a${i}: [3, pods: }} ]: x\n`),
  ],
  [`${FAULTY_KIB} KiB of unknown keys`]: () => [
    full("  workloads:\n", (i) => `    t/Deployment/a${i}: {replcas: 3, podz: 1}\n`),
  ],
  [`${FAULTY_KIB} KiB of misspelt names`]: () => [
    full(`${SUBNET}  pools:\n`, (i) => `    pool-${i}: {subnet: aa${i}, take: {count: 1}}\n`, FAULTY_KIB / 2),
    full(
      "  workloads:\n",
      (i) => `    t/Deployment/a${i}: {replicas: 3, interfaces: {eth0: {pools: [poll-${i}]}}}\n`,
      FAULTY_KIB / 2,
    ),
  ],
  [`${REFERENCES} references`]: () =>
    Array.from({ length: 12 }, (_, file) => {
      const names = Array.from({ length: REFERENCES / 12 }, (_, i) => `n/m${i}`).join(",");
      return `${HEAD}${file === 0 ? SUBNET : ""}  pools:\n    p${file}: {subnet: a, addresses: [10.1.${file}.0/28], networks: [${names}]}\n`;
    }),
};

function full(start: string, line: (index: number) => string, kib = FAULTY_KIB): string {
  let text = `${HEAD}${start}`;
  for (let i = 0; text.length < kib * 1024; i++) text += line(i);
  return text;
}

function written(folder: string, texts: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  for (const [index, text] of texts.entries()) writeFileSync(join(folder, `part-${index}.yaml`), text);
  return folder;
}
