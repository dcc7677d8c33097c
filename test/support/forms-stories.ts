import { expect } from "vitest";
import { KINDS, type KubeObject, type SpiderEndpoint, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import type { ClusterActor } from "../../src/ports/cluster.js";
import { cli } from "./cli.js";
import { workload } from "./played-cluster.js";
import { until } from "./real-apiserver.js";
import { workspace } from "./workspace.js";

/** A cluster with players, embedded or real. */
export interface Stage {
  readonly actor: ClusterActor;
  /** Path of a file. */
  readonly kubeconfig: string;
  add(objects: readonly KubeObject[]): Promise<void>;
  settle(): Promise<void>;
}

const SUBNETS = `subnets:
  old: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.199]}
  new: {cidr: 10.7.0.0/24, gateway: 10.7.0.1, ranges: [10.7.0.10-10.7.0.99]}
`;

interface Planned {
  readonly code: number;
  readonly verdict: {
    readonly stable: boolean;
    readonly moves: readonly { pod: string; migration?: string }[];
    readonly strands: readonly unknown[];
    readonly leaving: readonly { pool: string; inUse: number }[];
  };
  readonly steps: readonly { name: string; action: string }[];
}

/** What `spiderplan plan` says of this `spec:`. */
async function plan(
  stage: Stage,
  spec: string,
  then?: (where: string[], code: number) => Promise<void>,
): Promise<Planned> {
  const text = `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n${spec.replace(/^/gm, "  ")}\n`;
  const where = ["--path", workspace({ "plan.yaml": text }), "--kubeconfig", stage.kubeconfig];
  const planned = await cli(["plan", ...where, "-o", "json"]);
  await then?.(where, planned.code);
  return { code: planned.code, ...(JSON.parse(planned.stdout) as Omit<Planned, "code">) };
}

/** Plans and syncs; what the plan said. */
async function sync(stage: Stage, spec: string): Promise<Planned> {
  return plan(stage, spec, async (where, code) => {
    const synced = await cli(["sync", ...where]);
    expect(synced.code, synced.stdout + synced.stderr).toBe(code);
    await stage.settle();
  });
}

function pattern(kind: string, name: string): Record<string, string> {
  const stem = `default.${kind}.${name}.eth0.*`;
  const choice = { interface: "eth0", ipv4: ["spiderplan-none-v4", stem], ipv6: [stem] };
  return { "ipam.spidernet.io/ippools": JSON.stringify([choice]) };
}

async function pods({ actor }: Stage): Promise<readonly KubeObject[]> {
  return (await actor.list(KINDS.Pod, { namespace: "default" })).items;
}

/** The address of every Pod. */
async function addresses(stage: Stage): Promise<Record<string, string>> {
  const there = new Set((await pods(stage)).map(({ metadata }) => metadata.name));
  const { items } = await stage.actor.list(KINDS.SpiderEndpoint, { namespace: "default" });
  const found = (items as readonly SpiderEndpoint[]).filter(({ metadata }) => there.has(metadata.name));
  return Object.fromEntries(
    found.map(({ metadata, status }) => [metadata.name, status?.current?.ips[0]?.ipv4?.split("/")[0] ?? ""]),
  );
}

async function restart(stage: Stage): Promise<void> {
  const old = await pods(stage);
  for (const { metadata } of old) {
    await stage.actor.delete({ kind: KINDS.Pod, namespace: "default", name: metadata.name }, { uid: metadata.uid });
  }
  const uids = new Set(old.map(({ metadata }) => metadata.uid));
  await until("the Pods are others", async () => {
    await stage.settle();
    return (await pods(stage)).every(({ metadata }) => !uids.has(metadata.uid));
  });
}

async function scale(stage: Stage, name: string, replicas: number): Promise<void> {
  await stage.actor.patch({ kind: KINDS.StatefulSet, namespace: "default", name }, { spec: { replicas } });
  await until(`${name} has ${replicas} Pods`, async () => {
    await stage.settle();
    return (await pods(stage)).length === replicas;
  });
}

async function poolStates({ actor }: Stage, prefix: string): Promise<Record<string, string>> {
  const { items } = await actor.list(KINDS.SpiderIPPool);
  const mine = (items as readonly SpiderIPPool[]).filter(({ metadata }) => metadata.name.startsWith(prefix));
  return Object.fromEntries(
    mine.map(({ metadata, spec }) => [metadata.name, spec.disable === true ? "disabled" : "open"]),
  );
}

/** A StatefulSet pinned per Pod, scaled 3 -> 1 -> 3: what Spiderpool alone does not keep (A18). */
export async function scalesAndReturns(stage: Stage): Promise<void> {
  const spec = `${SUBNETS}workloads:\n  default/StatefulSet/db: {replicas: 3, interfaces: {eth0: {fixed: {subnets: [old], perPod: {1: 10.6.0.41}}}}}`;
  await stage.add([workload("StatefulSet", "db", { replicas: 3, annotations: pattern("statefulset", "db") })]);
  await sync(stage, spec);
  await restart(stage);
  const three = await addresses(stage);
  expect(Object.keys(three).sort()).toEqual(["db-0", "db-1", "db-2"]);
  expect(three["db-1"]).toBe("10.6.0.41");
  await scale(stage, "db", 1);
  expect(await addresses(stage)).toEqual({ "db-0": three["db-0"] });
  expect((await sync(stage, spec)).steps).toEqual([]);
  await scale(stage, "db", 3);
  expect(await addresses(stage)).toEqual(three);
}

/** From one subnet to another in phases, with the verdict at each. */
export async function migrates(stage: Stage, kind: "Deployment" | "StatefulSet"): Promise<void> {
  const key = `default/${kind}/web`;
  const stem = `default.${kind.toLowerCase()}.web.eth0`;
  const annotate = kind === "StatefulSet" ? "annotate: true, " : "";
  const spec = (subnet: string, phase?: string) =>
    `${SUBNETS}workloads:\n  ${key}: {replicas: 2, ${annotate}interfaces: {eth0: {fixed: {subnets: [${subnet}]}}}}\n${
      phase ? `migrations: [{owner: ${key}/eth0, from: old, to: new, phase: ${phase}}]` : ""
    }`;
  const inSubnet = async (prefix: string) =>
    Object.values(await addresses(stage)).filter((address) => address.startsWith(prefix)).length;
  await stage.add([workload(kind, "web", { replicas: 2, annotations: pattern(kind.toLowerCase(), "web") })]);
  await sync(stage, spec("old"));
  await restart(stage);
  const before = await addresses(stage);
  expect(await inSubnet("10.6.0.")).toBe(2);

  // A StatefulSet takes its address along while its template names the old pool (A19): nobody moves yet.
  expect((await plan(stage, spec("new"))).code, "without the entry").toBe(kind === "Deployment" ? 3 : 0);

  const prepared = await sync(stage, spec("old", "prepare"));
  expect(prepared).toMatchObject({ code: 0, verdict: { stable: true, moves: [], strands: [], leaving: [] } });
  expect(await addresses(stage)).toEqual(before);
  expect(new Set(Object.values(await poolStates(stage, `${stem}.new`)))).toEqual(new Set(["disabled"]));

  const drained = await sync(stage, spec("old", "drain"));
  expect(drained).toMatchObject({ code: 0, verdict: { stable: true, strands: [] } });
  expect(drained.verdict.moves.map(({ migration }) => migration)).toEqual(["old -> new", "old -> new"]);
  expect(drained.verdict.leaving.reduce((sum, { inUse }) => sum + inUse, 0)).toBe(2);
  await restart(stage);
  expect(await inSubnet("10.7.0.")).toBe(2);

  const last = await sync(stage, spec("old", "drain"));
  expect(last).toMatchObject({ code: 0, verdict: { stable: true, moves: [], leaving: [] } });
  expect(await poolStates(stage, `${stem}.old`)).toEqual({});
  expect((await sync(stage, spec("new"))).code).toBe(0);
  await restart(stage);
  expect(await inSubnet("10.7.0.")).toBe(2);
}

/** A namespace pool of 100 sliced among three workloads, which the vendor's FAQ says cannot be done. */
export async function slices(stage: Stage, rounds: number): Promise<void> {
  const names = ["api", "web", "job"];
  const spec = `${SUBNETS}pools:\n  all: {subnet: old, addresses: [10.6.0.10-10.6.0.109], namespaces: {names: [default]}}\nworkloads:\n${names
    .map(
      (name, i) =>
        `  default/Deployment/${name}: {replicas: ${i + 1}, interfaces: {eth0: {fixed: {pools: [all], elastic: 1}}}}`,
    )
    .join("\n")}`;
  await stage.add(
    names.map((name, i) => workload("Deployment", name, { replicas: i + 1, annotations: pattern("deployment", name) })),
  );
  await sync(stage, spec);
  const seen = new Map(names.map((name) => [name, new Set<string>()]));
  for (let round = 0; round < rounds; round++) {
    await restart(stage);
    for (const [pod, address] of Object.entries(await addresses(stage))) seen.get(pod.split("-")[0]!)!.add(address);
  }
  for (const [i, name] of names.entries()) {
    expect(seen.get(name)!.size, name).toBeGreaterThanOrEqual(i + 1);
    expect(seen.get(name)!.size, name).toBeLessThanOrEqual(i + 2);
  }
  const all = names.flatMap((name) => [...seen.get(name)!]);
  expect(new Set(all).size, "nobody had another's address").toBe(all.length);
  expect(all.every((address) => address.startsWith("10.6.0."))).toBe(true);
}
