import type { Edit } from "./edit-spec.js";
import type { FixedModel, PlanModel, PoolModel } from "./plan-model.js";
import { NAMESPACES, NETWORKS, ZONE } from "./plan-model.js";
import type { PoolSpec } from "./spec.js";

const NAMESPACE_AFFINITY = [undefined, "blue", "red", "color"] as const;
const POD_AFFINITY = [undefined, "tier-x", "tier-y", "all", "app-0", "app-1"] as const;
const NODE_AFFINITY = [undefined, "node-0", "node-1", "zone-a", "zone-b"] as const;

/** The affinities of a pool, out of numbers. */
export function affinities(spec: Pick<PoolSpec, "namespaces" | "pods" | "nodes" | "network">) {
  const at = <T>(list: readonly T[], index: number) => list[index % list.length];
  return {
    namespaces: at(NAMESPACE_AFFINITY, spec.namespaces),
    pods: at(POD_AFFINITY, spec.pods),
    nodes: at(NODE_AFFINITY, spec.nodes),
    network: at([undefined, 0, 1] as const, spec.network),
  };
}

/** Carries out one edit; an edit of something that is not there does nothing. */
export function edit(model: PlanModel, one: Edit): void {
  const pool = "pool" in one ? model.pools[one.pool % Math.max(1, model.pools.length)] : undefined;
  const fixed = "fixed" in one ? model.fixed[one.fixed % Math.max(1, model.fixed.length)] : undefined;
  const index = "subnet" in one ? one.subnet % model.subnets.length : 0;
  const subnet = model.subnets[index]!;
  switch (one.type) {
    case "share": {
      const own = model.pools.filter((other) => other.subnet === index);
      const to = one.to === 0 ? 0 : (own[(one.to - 1) % Math.max(1, own.length)]?.number ?? 0);
      for (let at = one.from; at < Math.min(ZONE, one.from + one.count); at++) subnet.zone[at] = to;
      return;
    }
    case "affinity":
      if (pool !== undefined) affinity(pool, one.field, one.value);
      return;
    case "flag":
      if (pool === undefined) return;
      if (one.which === 0) pool.isDefault = one.value;
      else if (one.which === 1) pool.disabled = one.value;
      else pool.slicesOnly = one.value;
      return;
    case "take":
      if (pool !== undefined) pool.take = one.count;
      return;
    case "rename":
      if (pool !== undefined) pool.name = pool.name.startsWith("p") ? `q${pool.number}` : `p${pool.number}`;
      return;
    case "reserve": {
      const count = Math.min(one.count, ZONE + subnet.room - one.offset);
      model.reserved[one.slot] = count > 0 ? { subnet: index, offset: one.offset, length: count } : undefined;
      return;
    }
    case "namespace":
      model.namespaceDefaults[NAMESPACES[one.which]!] = numbersOf(model, one.pools);
      return;
    case "network":
      model.networkDefaults[NETWORKS[one.which]!] = numbersOf(model, one.pools);
      return;
    case "ipam":
      model.withoutIpam = { ...model.withoutIpam, [NETWORKS[one.which]!]: one.off };
      return;
    case "gone":
      model.gone = { ...model.gone, [NETWORKS[one.which]!]: one.gone };
      return;
    case "scale":
      if (fixed === undefined) return;
      fixed.elastic = one.elastic;
      for (const each of nicsOf(model, fixed)) each.replicas = one.replicas;
      return;
    case "fixed":
      if (fixed !== undefined) fixed.present = one.present;
      return;
    case "subnets":
      if (fixed !== undefined) fixed.subnets = one.subnets.map((each) => each % model.subnets.length);
      return;
    case "migrate":
      if (fixed !== undefined) migrate(model, fixed, one.to, one.phase);
      return;
    case "moved":
      if (fixed === undefined) return;
      for (const each of nicsOf(model, fixed)) {
        each.formerly = one.told ? each.name : undefined;
        if (one.told) each.name = `${each.name.startsWith("w") ? "m" : "w"}${each.workload}`;
      }
      return;
    case "wish":
      if (fixed !== undefined) fixed.wish = one.count === 0 ? undefined : { offset: one.offset, count: one.count };
      return;
    case "perSubnet":
      if (fixed !== undefined) fixed.perSubnet = one.count === 0 ? undefined : one.count;
      return;
    case "pending":
      if (fixed !== undefined) fixed.pending = one.value;
      return;
    case "subnet":
      subnet.room = one.room;
      subnet.zoneLabel = [undefined, "a", "b"][one.zone];
  }
}

/** What the plan says of a workload it says of all its NICs. */
function nicsOf(model: PlanModel, { workload }: FixedModel): FixedModel[] {
  return model.fixed.filter((one) => one.workload === workload);
}

/** Phases of a migration in any order people may write them: prepare, drain, done, called off. */
function migrate(model: PlanModel, fixed: FixedModel, to: number, phase: number): void {
  const { migration } = fixed;
  if (phase > 1) {
    if (phase === 2 && migration?.phase === "drain") {
      fixed.subnets = [...new Set(fixed.subnets.map((index) => (index === migration.from ? migration.to : index)))];
      fixed.slice = undefined;
    }
    fixed.migration = undefined;
    return;
  }
  const sliced = model.pools.find(({ number }) => number === fixed.slice);
  const from = migration?.from ?? sliced?.subnet ?? fixed.subnets[0]!;
  const { family } = model.subnets[from]!;
  const places = [...model.subnets.keys()].filter((each) => each !== from && model.subnets[each]!.family === family);
  const home = migration?.to ?? places[to % Math.max(1, places.length)];
  if (home === undefined) return;
  fixed.migration = { from, to: home, phase: phase === 0 ? "prepare" : "drain" };
}

/** Pools that stand in the plan for these numbers. */
export function numbersOf(model: PlanModel, chosen: readonly number[]): number[] {
  return chosen.flatMap((one) => model.pools[one % Math.max(1, model.pools.length)]?.number ?? []);
}

function affinity(pool: PoolModel, field: number, value: number): void {
  const next = affinities({ namespaces: value, pods: value, nodes: value, network: value });
  const [name] = [(["namespaces", "pods", "nodes", "network"] as const)[field % 4]!];
  Object.assign(pool, { [name]: next[name] });
}
