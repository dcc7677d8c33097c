import { KEYS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { affinities, numbersOf } from "./edits.js";
import type { LiveWorkload } from "./kubernetes.js";
import { taintsOf } from "./life-spec.js";
import {
  type FixedModel,
  NAMESPACES,
  NETWORKS,
  type NicName,
  type PlanModel,
  type PoolModel,
  type SubnetModel,
} from "./plan-model.js";
import type { NicSpec, WorkloadSpec, WorldSpec } from "./spec.js";

/** The cluster's own network in worlds where it is not Spiderpool's. */
const OVERLAY = "kube-system/k8s-pod-network";

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
  const fixedNic = (index: number, nic: NicName, one: NicSpec): FixedModel => ({
    workload: index,
    nic,
    name: `w${index}`,
    replicas: Math.max(1, spec.workloads[index]!.replicas),
    elastic: one.elastic,
    subnets: one.subnets.map((each) => each % subnets.length),
    perPod: one.perPod,
    slice: one.slice ? pools[(one.names[0] ?? 0) % pools.length]?.number : undefined,
    present: true,
    annotate: spec.workloads[index]!.annotate ?? false,
  });
  const fixed = [
    ...spec.workloads.flatMap((one, index) => (one.ask === "fixed" ? [fixedNic(index, "eth0", one)] : [])),
    ...spec.workloads.flatMap(({ net1 }, index) => (net1?.ask === "fixed" ? [fixedNic(index, "net1", net1)] : [])),
  ];
  const model: PlanModel = {
    quarantine: spec.quarantine,
    subnets,
    pools,
    reserved: [undefined, undefined],
    namespaceDefaults: {},
    networkDefaults: {},
    fixed,
    networks: true,
    ...(spec.workloads.some(({ life }) => life?.way === "overlay") && { clusterNetwork: OVERLAY }),
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
        nic: "eth0",
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
  const network = ({ network: number }: NicSpec) => NETWORKS[number % NETWORKS.length]!;
  const networks = { eth0: network(one), ...(one.net1 && { net1: network(one.net1) }) };
  const asks = asksOf(one);
  const written = one.annotate === true && asks.some(({ ask }) => ask === "fixed");
  // A Pod that has eth0 to itself has it on a network of Spiderpool's.
  const overlay = one.life?.way === "overlay" && one.ask !== "fixed" && one.net1 === undefined;
  const items = written || overlay ? {} : asking(asks, `${namespace}.${kind.toLowerCase()}.${name}`, index, model);
  const annotations = {
    ...(!overlay && { [KEYS.defaultNetwork]: networks.eth0 }),
    ...(networks.net1 && !written && { [KEYS.networks]: networks.net1 }),
    ...(one.life?.unnamed ? unnamed(items) : items),
  };
  const named = asks.filter(({ ask }) => ask === "names" || (ask === "pattern" && written));
  const chosen = Object.fromEntries(named.map(({ nic, spec }) => [nic, numbersOf(model, spec.names)]));
  const life = one.life && { life: one.life };
  return { namespace, name, kind, labels, annotations, networks, chosen, ...life };
}

/** The same by position: items of `ippools` without an interface (A4). */
function unnamed({ [KEYS.ippool]: one, [KEYS.ippools]: several }: Record<string, string>): Record<string, string> {
  if (several === undefined) return one === undefined ? {} : { [KEYS.ippools]: `[${one}]` };
  const items = JSON.parse(several) as { interface: string }[];
  return { [KEYS.ippools]: JSON.stringify(items.map(({ interface: _nic, ...rest }) => rest)) };
}

interface NicAsk {
  readonly nic: NicName;
  readonly ask: "fixed" | "names" | "pattern" | "nothing" | "same";
  readonly spec: NicSpec;
}

/** How each NIC asks; where one item of `ippools` names pools, every NIC needs one (A4). */
function asksOf(one: WorkloadSpec): NicAsk[] {
  const { net1 } = one;
  if (net1 === undefined) return [{ nic: "eth0", ask: one.ask, spec: one }];
  const items = one.ask === "fixed" || net1.ask === "fixed" || (one.ask !== "nothing" && net1.ask !== "same");
  const second = items ? (net1.ask === "same" ? "names" : net1.ask) : "same";
  return [
    { nic: "eth0", ask: items && one.ask === "nothing" ? "names" : one.ask, spec: one },
    { nic: "net1", ask: second, spec: net1 },
  ];
}

function asking(asks: readonly NicAsk[], prefix: string, index: number, model: PlanModel): Record<string, string> {
  const [first] = asks as [NicAsk];
  if (first.ask === "nothing") return {};
  const items = asks.filter(({ ask }) => ask !== "same");
  // Two NICs of one `ippool`, or only one that chooses.
  if (first.ask !== "fixed" && items.length === 1) return { [KEYS.ippool]: JSON.stringify(choice(first, model)) };
  const texts = items.map((one) => ({
    interface: one.nic,
    ...(one.ask === "fixed" ? patterns(one.nic, `${prefix}.${one.nic}.*`, index, model) : choice(one, model)),
  }));
  return { [KEYS.ippools]: JSON.stringify(texts) };
}

function patterns(nic: NicName, pattern: string, index: number, model: PlanModel) {
  const fixed = model.fixed.find((one) => one.workload === index && one.nic === nic)!;
  const pool = model.pools.find(({ number }) => number === fixed.slice);
  const subnets = pool === undefined ? fixed.subnets : [pool.subnet];
  const families = new Set(subnets.map((each) => model.subnets[each]!.family));
  const anchored = (family: 4 | 6) => (families.has(4) ? family === 4 : family === 6);
  const family = (version: 4 | 6) => [...(anchored(version) ? [`spiderplan-none-v${version}`] : []), pattern];
  return { ipv4: family(4), ipv6: family(6) };
}

function choice({ ask, spec }: NicAsk, model: PlanModel) {
  const pools = numbersOf(model, spec.names).map((number) => model.pools.find((pool) => pool.number === number)!);
  const family = (version: 4 | 6) => {
    const own = pools.filter((pool: PoolModel) => model.subnets[pool.subnet]!.family === version);
    return [...new Set(ask === "pattern" && own.length > 0 ? ["p*"] : own.map(({ name }) => name))];
  };
  const [v4, v6] = [family(4), family(6)];
  return { ...(v4.length > 0 && { ipv4: v4 }), ...(v6.length > 0 && { ipv6: v6 }) };
}

/** Nodes and namespaces. */
export function clusterObjects(spec: WorldSpec): KubeObject[] {
  const node = (zone: string, index: number): KubeObject => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: `node-${index}`, labels: { zone, "kubernetes.io/hostname": `node-${index}` } },
    // One node takes everybody, or a world would have no Pods.
    ...(index > 0 && taintsOf(spec.taints?.[index]).length > 0 && { spec: { taints: taintsOf(spec.taints?.[index]) } }),
  });
  const overlay: KubeObject = {
    apiVersion: "k8s.cni.cncf.io/v1",
    kind: "NetworkAttachmentDefinition",
    metadata: { namespace: "kube-system", name: OVERLAY.split("/")[1]! },
    spec: { config: JSON.stringify({ cniVersion: "0.3.1", type: "calico", ipam: { type: "calico-ipam" } }) },
  };
  const namespace = (name: string): KubeObject => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { "kubernetes.io/metadata.name": name, ...(name === "blue" && { kind: "color" }) } },
  });
  const foreign = spec.workloads.some(({ life }) => life?.way === "overlay") ? [overlay] : [];
  return [...spec.nodes.map(node), ...NAMESPACES.map(namespace), ...foreign];
}
