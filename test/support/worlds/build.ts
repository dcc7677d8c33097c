import { KEYS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { affinities, numbersOf } from "./edits.js";
import type { LiveWorkload } from "./kubernetes.js";
import { type FixedModel, NAMESPACES, NETWORKS, type PlanModel, type SubnetModel } from "./plan-model.js";
import type { WorkloadSpec, WorldSpec } from "./spec.js";

/** The plan a world begins with. */
export function firstPlan(spec: WorldSpec): PlanModel {
  const subnets = spec.subnets.map(
    (one, index): SubnetModel => ({
      key: `s${index}`,
      index,
      family: one.v6 ? 6 : 4,
      zone: [...one.zone],
      room: one.room,
    }),
  );
  const pools = spec.pools.map((one, index) => ({
    number: index + 1,
    name: `p${index + 1}`,
    subnet: one.subnet % subnets.length,
    ...affinities(one),
    isDefault: one.isDefault,
    disabled: one.disabled,
    slicesOnly: false,
    take: 0,
  }));
  for (const [index, subnet] of subnets.entries()) {
    const own = pools.filter((pool) => pool.subnet === index);
    subnet.zone = subnet.zone.map((at) => (at === 0 || own.length === 0 ? 0 : own[(at - 1) % own.length]!.number));
  }
  const fixed = spec.workloads.flatMap((one, index): FixedModel[] =>
    one.ask !== "fixed"
      ? []
      : [
          {
            workload: index,
            name: `w${index}`,
            replicas: Math.max(1, one.replicas),
            elastic: one.elastic,
            subnets: one.subnets.map((each) => each % subnets.length),
            perPod: one.perPod,
            slice: one.slice ? pools[(one.names[0] ?? 0) % pools.length]?.number : undefined,
            present: true,
            annotate: one.annotate ?? false,
          },
        ],
  );
  const model: PlanModel = {
    quarantine: spec.quarantine,
    subnets,
    pools,
    reserved: [undefined, undefined],
    namespaceDefaults: {},
    networkDefaults: {},
    fixed,
    networks: true,
  };
  for (const [index, name] of NAMESPACES.entries())
    model.namespaceDefaults[name] = numbersOf(model, spec.namespaceDefaults[index] ?? []);
  for (const [index, name] of NETWORKS.entries())
    model.networkDefaults[name] = numbersOf(model, spec.networkDefaults[index] ?? []);
  return model;
}

/** What a second install keeps: a subnet, two pools and a fixed workload of its own. */
export function secondPlan(spec: WorldSpec, workload: number): PlanModel {
  const pool = {
    subnet: 0,
    namespaces: undefined,
    pods: undefined,
    nodes: undefined,
    network: undefined,
    disabled: false,
    slicesOnly: false,
    take: 0,
  };
  return {
    quarantine: spec.quarantine,
    subnets: [{ key: "t0", index: 9, family: 4, zone: [1, 1, 1, 1, 2, 2, 2, 0, 0, 0], room: 8 }],
    pools: [
      { ...pool, number: 1, name: "p8", isDefault: false },
      { ...pool, number: 2, name: "p9", isDefault: false },
    ],
    reserved: [undefined, undefined],
    namespaceDefaults: {},
    networkDefaults: {},
    fixed: [
      {
        workload,
        name: `w${workload}`,
        replicas: 2,
        elastic: 1,
        subnets: [0],
        perPod: false,
        slice: undefined,
        present: true,
      },
    ],
    networks: false,
  };
}

/** A workload whose template asks as its spec says. */
export function liveWorkload(one: WorkloadSpec, index: number, model: PlanModel): LiveWorkload {
  const name = `w${index}`;
  const namespace = NAMESPACES[one.namespace % NAMESPACES.length]!;
  const kind = one.stateful ? "StatefulSet" : "Deployment";
  const labels = { app: name, tier: index % 2 === 0 ? "x" : "y" };
  const network = NETWORKS[one.network % NETWORKS.length]!;
  const annotations = {
    [KEYS.defaultNetwork]: network,
    ...asking(one, `${namespace}.${kind.toLowerCase()}.${name}`, index, model),
  };
  return { namespace, name, kind, labels, annotations };
}

function asking(one: WorkloadSpec, prefix: string, index: number, model: PlanModel): Record<string, string> {
  switch (one.ask) {
    case "nothing":
      return {};
    case "fixed": {
      if (one.annotate) return {};
      const fixed = model.fixed.find(({ workload }) => workload === index)!;
      const pool = model.pools.find(({ number }) => number === fixed.slice);
      const subnets = pool === undefined ? fixed.subnets : [pool.subnet];
      const families = new Set(subnets.map((each) => model.subnets[each]!.family));
      const pattern = `${prefix}.eth0.*`;
      const anchored = (family: 4 | 6) => (families.has(4) ? family === 4 : family === 6);
      const family = (version: 4 | 6) => [...(anchored(version) ? [`spiderplan-none-v${version}`] : []), pattern];
      return { [KEYS.ippools]: JSON.stringify([{ interface: "eth0", ipv4: family(4), ipv6: family(6) }]) };
    }
    default: {
      const pools = numbersOf(model, one.names).map((number) => model.pools.find((pool) => pool.number === number)!);
      const family = (version: 4 | 6) => {
        const own = pools.filter((pool) => model.subnets[pool.subnet]!.family === version).map(({ name }) => name);
        return [...new Set(one.ask === "pattern" && own.length > 0 ? ["p*"] : own)];
      };
      const [v4, v6] = [family(4), family(6)];
      return {
        [KEYS.ippool]: JSON.stringify({ ...(v4.length > 0 && { ipv4: v4 }), ...(v6.length > 0 && { ipv6: v6 }) }),
      };
    }
  }
}

/** Nodes and namespaces. */
export function clusterObjects(spec: WorldSpec): KubeObject[] {
  const node = (zone: string, index: number): KubeObject => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: `node-${index}`, labels: { zone, "kubernetes.io/hostname": `node-${index}` } },
  });
  const namespace = (name: string): KubeObject => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { "kubernetes.io/metadata.name": name, ...(name === "blue" && { kind: "color" }) } },
  });
  return [...spec.nodes.map(node), ...NAMESPACES.map(namespace)];
}
