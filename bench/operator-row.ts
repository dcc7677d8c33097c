import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { SWITCHES } from "../src/core/plan-sync/switches.js";
import { KINDS, type SpiderIPPool } from "../src/core/spiderpool/objects.js";
import { cpuMilliseconds, residentMiB } from "../test/support/process-facts.js";
import type { Counted } from "./counting-proxy.js";
import { median, type Row, rounded } from "./measure.js";
import { isSynced, type OperatorWorld, openOperatorWorld } from "./operator-world.js";

/** How often each thing is measured. */
const ROUNDS = 20;
/** How long a process is watched for what a reconcile costs, and for what idling costs; in milliseconds. */
const WINDOW = 2_000;

/** The operator beside a bare client of Git and of the API server, at 10 and at 5,000 fixed workloads. */
export async function operatorRows(folder: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const workloads of [10, 5_000]) {
    const size = { workloads, files: Math.max(1, workloads / 50), podsPerWorkload: 3, nodes: 0 };
    const world = await openOperatorWorld(join(folder, `operator-${workloads}`), size);
    try {
      const idle = residentMiB(world.operator.pid);
      const latency = await latencies(world);
      const healing = await healings(world);
      const cost = await noOps(world);
      rows.push({
        name: `operator: ${workloads.toLocaleString("en")} fixed workloads on ${world.server === "embedded" ? "the embedded cluster" : "a kube-apiserver"}`,
        target: "commit to first write <= 1 s by webhook; a no-op reconcile <= 200 ms CPU, no write, no list",
        figures: {
          ...latency,
          "edit of an owned pool to healed ms": Math.round(median(healing)),
          ...cost,
          "RSS MiB after the first sync": Math.round(idle),
          "RSS MiB at the end": Math.round(residentMiB(world.operator.pid)),
        },
      });
    } finally {
      await world.close();
    }
  }
  return rows;
}

async function latencies(world: OperatorWorld): Promise<Record<string, number>> {
  const [writes, synced, fetches, bareWrites]: number[][] = [[], [], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    const { commit, pool } = world.grow(round % 10);
    const done = world.seen.until("PlanSync", (object) => isSynced(object, commit));
    const from = world.proxy.requests.length;
    const told = performance.now();
    await world.hint(commit);
    synced!.push((await done) - told);
    const write = world.proxy.requests.slice(from).find(isPlanWrite);
    if (write === undefined) throw new Error(`${commit} was synced without a write`);
    writes!.push(write.at - told);
    fetches!.push((await world.fetchBare()) * 1000);
    bareWrites!.push(await writeBare(world, pool));
  }
  const [first, all, fetch, write] = [writes!, synced!, fetches!, bareWrites!].map(median) as [
    number,
    number,
    number,
    number,
  ];
  return {
    "first write, times a bare ls-remote + fetch": rounded(first / fetch),
    "Synced, times a bare ls-remote + fetch + write": rounded(all / (fetch + write)),
    "webhook to first write ms": Math.round(first),
    "webhook to first write ms, the slowest": Math.round(Math.max(...writes!)),
    "webhook to Synced ms": Math.round(all),
    "bare ls-remote + fetch ms": Math.round(fetch),
    "bare write of the same object ms": rounded(write),
  };
}

/** The same object again, with another mark: milliseconds. */
async function writeBare({ actor }: OperatorWorld, name: string): Promise<number> {
  const found = await actor.get({ kind: KINDS.SpiderIPPool, name });
  const metadata = { ...found.metadata, labels: { ...found.metadata.labels, bench: `${Date.now()}` } };
  const started = performance.now();
  await actor.replace({ ...found, metadata }, KINDS.SpiderIPPool);
  return performance.now() - started;
}

/** From the moment an edit by kubectl is seen to the moment its undoing is: milliseconds. */
async function healings({ seen, kubeconfig }: OperatorWorld): Promise<number[]> {
  const found: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const name = `team-${round % 10}.deployment.app-${round % 10}.eth0.net-0`;
    const disabled = (wanted: boolean) =>
      seen.until("SpiderIPPool", (object) => {
        const { metadata, spec } = object as SpiderIPPool;
        return metadata.name === name && (spec.disable ?? false) === wanted;
      });
    const edited = disabled(true);
    const edit = ["patch", "spiderippool", name, "--type=merge", "-p", '{"spec":{"disable":true}}'];
    const healed = edited.then(() => disabled(false));
    await promisify(execFile)("kubectl", ["--kubeconfig", kubeconfig, ...edit]);
    found.push((await healed) - (await edited));
  }
  return found;
}

/** What a hint that brings nothing new costs, beyond what idling costs. */
async function noOps(world: OperatorWorld): Promise<Record<string, number>> {
  const { pid } = world.operator;
  await pause(WINDOW);
  const idle: number[] = [];
  const busy: number[] = [];
  const before = await reconciles(world);
  const counted: Counted[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = cpuMilliseconds(pid);
    await pause(WINDOW);
    idle.push(cpuMilliseconds(pid) - started);
    const [cpu, from] = [cpuMilliseconds(pid), world.proxy.requests.length];
    await world.annotate({ [SWITCHES.hintedAt]: `${round} ${Date.now()}` });
    await pause(WINDOW);
    busy.push(cpuMilliseconds(pid) - cpu);
    counted.push(...world.proxy.requests.slice(from).filter(({ resource }) => resource !== "leases"));
  }
  const each = ((await reconciles(world)) - before) / ROUNDS;
  const calls = (verbs: readonly Counted["verb"][]) =>
    rounded(counted.filter(({ verb }) => verbs.includes(verb)).length / ROUNDS);
  const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);
  return {
    "no-op reconcile CPU ms, beyond idling": Math.round((sum(busy) - sum(idle)) / ROUNDS),
    "reconciles a hint": rounded(each),
    "API writes a no-op": calls(["create", "patch", "delete", "other"]),
    "API lists a no-op": calls(["list"]),
    "API gets a no-op": calls(["get"]),
    "API watches begun a no-op": calls(["watch"]),
  };
}

async function reconciles({ operator }: OperatorWorld): Promise<number> {
  const text = await (await fetch(`${operator.probes}/metrics`)).text();
  const counts = [...text.matchAll(/^spiderplan_reconcile_total\{[^}]*\} (\d+)/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** A write of what the plan says, rather than of a Lease, a status or an Event. */
function isPlanWrite({ verb, resource }: Counted): boolean {
  return ["create", "patch", "delete"].includes(verb) && /^spider\w+$/.test(resource);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
