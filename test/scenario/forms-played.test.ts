import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SpiderEndpoint, SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { cli } from "../support/cli.js";
import { node, type PlayedCluster, playCluster, workload } from "../support/played-cluster.js";
import { workspace } from "../support/workspace.js";

let cluster: PlayedCluster;
let root: string;

beforeEach(async () => {
  cluster = await playCluster();
  root = workspace({ kubeconfig: cluster.kubeconfig });
  await cluster
    .create(node("node-a"), {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "default", labels: { "kubernetes.io/metadata.name": "default" } },
    })
    .catch(() => undefined);
});

afterEach(() => cluster.stop());

const SUBNETS = `subnets:
  old: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.199]}
  new: {cidr: 10.7.0.0/24, gateway: 10.7.0.1, ranges: [10.7.0.10-10.7.0.99]}
`;

/** Plans, then syncs this `spec:`; what the plan said. */
async function sync(spec: string, command: "plan" | "sync" = "sync") {
  const plan = workspace({
    "plan.yaml": `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n${spec.replace(/^/gm, "  ")}\n`,
  });
  const where = ["--path", plan, "--kubeconfig", join(root, "kubeconfig")];
  const planned = await cli(["plan", ...where, "-o", "json"]);
  const outcome = JSON.parse(planned.stdout) as {
    verdict: {
      stable: boolean;
      moves: { pod: string; migration?: string }[];
      strands: unknown[];
      leaving: { pool: string; inUse: number }[];
    };
    steps: { name: string; action: string }[];
  };
  if (command === "sync") {
    const synced = await cli(["sync", ...where]);
    expect(synced.code, synced.stdout + synced.stderr).toBe(planned.code);
    await cluster.settle();
  }
  return { code: planned.code, ...outcome };
}

const pattern = (kind: string, name: string) => {
  const stem = `default.${kind}.${name}.eth0.*`;
  return {
    "ipam.spidernet.io/ippools": JSON.stringify([
      { interface: "eth0", ipv4: ["spiderplan-none-v4", stem], ipv6: [stem] },
    ]),
  };
};

async function scale(name: string, replicas: number) {
  await cluster.patch("StatefulSet", `default/${name}`, { spec: { replicas } });
  await cluster.settle();
}

async function restart() {
  for (const { metadata } of await cluster.pods()) await cluster.remove("Pod", `default/${metadata.name}`);
  await cluster.settle();
}

const pools = async (prefix: string) =>
  Object.fromEntries(
    (
      (
        await cluster.actor.list({
          apiVersion: "spiderpool.spidernet.io/v2beta1",
          kind: "SpiderIPPool",
          plural: "spiderippools",
          namespaced: false,
        })
      ).items as SpiderIPPool[]
    )
      .filter(({ metadata }) => metadata.name.startsWith(prefix))
      .map(({ metadata, spec }) => [metadata.name, spec.disable === true ? "disabled" : "open"]),
  );

test("a StatefulSet pinned per Pod and scaled 3 -> 1 -> 3 gets its three addresses back", async () => {
  const pinned = (replicas: number) =>
    `${SUBNETS}workloads:\n  default/StatefulSet/db: {replicas: ${replicas}, interfaces: {eth0: {fixed: {subnets: [old], perPod: {1: 10.6.0.41}}}}}`;
  await cluster.create(workload("StatefulSet", "db", { replicas: 3, annotations: pattern("statefulset", "db") }));
  await sync(pinned(3));
  await restart();
  const three = await cluster.addresses();
  expect(Object.keys(three)).toEqual(["db-0", "db-1", "db-2"]);
  expect(three["db-1"]).toBe("10.6.0.41");
  await scale("db", 1);
  expect(await cluster.addresses()).toEqual({ "db-0": three["db-0"] });
  expect((await sync(pinned(3))).steps).toEqual([]);
  await scale("db", 3);
  expect(await cluster.addresses()).toEqual(three);
});

describe("a migration in phases, the verdict at each", () => {
  const KINDS = [
    ["Deployment", "deployment", ""],
    ["StatefulSet", "statefulset", "annotate: true, "],
  ] as const;

  test.each(KINDS)("%s", async (kind, lower, annotate) => {
    const key = `default/${kind}/web`;
    const plan = (subnet: string, phase?: string) =>
      `${SUBNETS}workloads:\n  ${key}: {replicas: 2, ${annotate}interfaces: {eth0: {fixed: {subnets: [${subnet}]}}}}\n${
        phase ? `migrations: [{owner: ${key}/eth0, from: old, to: new, phase: ${phase}}]` : ""
      }`;
    const inSubnet = async (prefix: string) =>
      Object.values(await cluster.addresses()).filter((address) => address.startsWith(prefix)).length;
    await cluster.create(workload(kind, "web", { replicas: 2, annotations: pattern(lower, "web") }));
    await sync(plan("old"));
    await restart();
    const before = await cluster.addresses();
    expect(await inSubnet("10.6.0.")).toBe(2);

    expect((await sync(plan("new"), "plan")).code, "without the entry it is refused").toBe(
      kind === "Deployment" ? 3 : 0,
    );

    const prepared = await sync(plan("old", "prepare"));
    expect(prepared).toMatchObject({ code: 0, verdict: { stable: true, moves: [], strands: [], leaving: [] } });
    expect(await cluster.addresses()).toEqual(before);
    expect(new Set(Object.values(await pools(`default.${lower}.web.eth0.new`)))).toEqual(new Set(["disabled"]));

    const drained = await sync(plan("old", "drain"));
    expect(drained).toMatchObject({ code: 0, verdict: { stable: true, strands: [] } });
    expect(drained.verdict.moves.map(({ migration }) => migration)).toEqual(["old -> new", "old -> new"]);
    expect(drained.verdict.leaving.reduce((sum, { inUse }) => sum + inUse, 0)).toBe(2);
    await restart();
    expect(await inSubnet("10.7.0.")).toBe(2);
    const after = await cluster.addresses();

    const last = await sync(plan("old", "drain"));
    expect(last).toMatchObject({ code: 0, verdict: { stable: true, moves: [], leaving: [] } });
    expect(await pools(`default.${lower}.web.eth0.old`)).toEqual({});
    expect((await sync(plan("new"))).code).toBe(0);
    await restart();
    expect(Object.values(await cluster.addresses()).sort()).toEqual(Object.values(after).sort());
    const endpoints = (
      await cluster.actor.list({
        apiVersion: "spiderpool.spidernet.io/v2beta1",
        kind: "SpiderEndpoint",
        plural: "spiderendpoints",
        namespaced: true,
      })
    ).items as SpiderEndpoint[];
    expect(endpoints.every(({ status }) => status?.current?.ips[0]?.ipv4Pool?.includes(".eth0.new"))).toBe(true);
  });
});

test("a namespace pool of 100 sliced among three workloads: each stays in its part through ten restarts", async () => {
  const names = ["api", "web", "job"];
  const spec = `${SUBNETS}pools:\n  all: {subnet: old, addresses: [10.6.0.10-10.6.0.109], namespaces: {names: [default]}}\nworkloads:\n${names
    .map(
      (name, i) =>
        `  default/Deployment/${name}: {replicas: ${i + 1}, interfaces: {eth0: {fixed: {pools: [all], elastic: 1}}}}`,
    )
    .join("\n")}`;
  for (const [i, name] of names.entries()) {
    await cluster.create(workload("Deployment", name, { replicas: i + 1, annotations: pattern("deployment", name) }));
  }
  await sync(spec);
  const seen = new Map(names.map((name) => [name, new Set<string>()]));
  for (let round = 0; round < 10; round++) {
    await restart();
    for (const [pod, address] of Object.entries(await cluster.addresses())) seen.get(pod.split("-")[0]!)!.add(address);
  }
  for (const [i, name] of names.entries()) expect(seen.get(name)!.size, name).toBeLessThanOrEqual(i + 2);
  const all = names.flatMap((name) => [...seen.get(name)!]);
  expect(new Set(all).size).toBe(all.length);
  expect(all.every((address) => address.startsWith("10.6.0."))).toBe(true);
});
