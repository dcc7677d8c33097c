import type { Diagnostic, SourceRef } from "../diagnostics.js";
import type { Address } from "../ip/address.js";
import { addressesText } from "../ip/amount.js";
import { addressSet, clip, EMPTY, type RangeSet, size, unionAll } from "../ip/range-set.js";
import type { Nic, NicAsk, Plan, Subnet, Workload } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import type { KubeObject } from "../spiderpool/objects.js";
import { autoElastic, boundBelowLive, boundBelowScaler, firstOrdinal, liveBound, ownBound } from "./bound.js";
import { checkOrdinals, ordinalCount } from "./check-ordinals.js";
import { inSubnet } from "./in-subnet.js";
import { beyondLimits } from "./limits.js";
import { liveWorkload } from "./moved.js";
import { compareText } from "./order.js";
import { type Origin, originsOf } from "./origins.js";
import { compareOwners, nicOwner, type Owner, ordinalOwner, takeOwner, withoutOrdinal } from "./owner.js";

/** What one owner must hold in one subnet. */
export interface Demand {
  readonly owner: Owner;
  readonly subnet: Subnet;
  /** How many addresses. */
  readonly count: number;
  /** `3 replicas + 2 elastic`. */
  readonly reason: string;
  /** Addresses asked for by name; part of the count. */
  readonly wishes: RangeSet;
  /** Name of the live pool that is kept as it is (`fixed.pool`). */
  readonly keptPool?: string;
  /** Set for the `take` of a declared pool: where new addresses are looked for. */
  readonly take?: { readonly from?: Address };
  /** Set for a slice: the declared pool it is cut from. */
  readonly slice?: string;
  /** The new home of a migration that is only being prepared. */
  readonly prepared?: boolean;
  /** Ticket that what it gains waits for. */
  readonly pending?: string;
  /** Pods the live workload asks for, waiting ones too: its addresses become no fewer while it does. */
  readonly running?: number;
  readonly source: SourceRef;
}

/** All demands of a plan, sorted by owner and subnet, and the owners whose demand nobody can tell. */
export interface Demands {
  readonly demands: readonly Demand[];
  readonly unknown: ReadonlySet<Owner>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Demands of one NIC in one subnet together: one, or one for each ordinal; in the order they came. */
export function bySet(demands: readonly Demand[]): (readonly [Demand, ...Demand[]])[] {
  const sets = new Map<string, [Demand, ...Demand[]]>();
  for (const demand of demands) {
    const key = `${withoutOrdinal(demand.owner)} ${demand.subnet.name}`;
    const set = sets.get(key);
    if (set === undefined) sets.set(key, [demand]);
    else set.push(demand);
  }
  return [...sets.values()];
}

/** The demand of a whole set, for messages. */
export function asOne(set: readonly [Demand, ...Demand[]]): Demand {
  const [first] = set;
  if (set.length === 1) return first;
  return { ...first, owner: withoutOrdinal(first.owner), count: set.length, reason: `${set.length} ordinals` };
}

/**
 * Demand = upper bound of replicas + elastic (DESIGN 5), per subnet of a NIC; and the count of each `take`.
 * @param followLive whether a missing bound follows the live workload (no lock files)
 */
export function demandsOf(plan: Plan, snapshot: Snapshot, followLive: boolean): Demands {
  const demands: Demand[] = [];
  const unknown = new Set<Owner>();
  const diagnostics: Diagnostic[] = [];
  for (const workload of plan.workloads.values()) {
    const live = liveWorkload(plan, workload.name, snapshot);
    const bound = workload.bound ?? (followLive && live !== undefined ? liveBound(live, snapshot) : undefined);
    for (const nic of workload.interfaces.values()) {
      if (nic.ask.type !== "fixed") continue;
      if (bound === undefined) {
        unknown.add(nicOwner(workload, nic.name));
        const moving = plan.moved?.some(({ to }) => to === workload.name) === true;
        diagnostics.push(boundUnknown(workload, nic, !followLive ? "locked" : moving ? "moving" : "absent"));
      }
      const running = live === undefined ? undefined : ownBound(live);
      const excess = beyondLimits(plan, workload, nic, bound ?? 0, live);
      if (excess !== undefined) {
        unknown.add(nicOwner(workload, nic.name));
        diagnostics.push(excess);
        continue;
      }
      const wanted = nicDemands(plan, workload, nic, bound, live, snapshot);
      for (const demand of wanted) demands.push(running === undefined ? demand : { ...demand, running });
    }
    if (live !== undefined) for (const one of boundBelowLive(workload, ownBound(live))) diagnostics.push(one);
    for (const one of boundBelowScaler(workload, live === undefined ? undefined : ownBound(live), snapshot)) {
      diagnostics.push(one);
    }
  }
  for (const one of checkOrdinals(plan, snapshot)) {
    if (one.severity === "error") unknown.add(one.about!);
    diagnostics.push(one);
  }
  for (const demand of takeDemands(plan)) demands.push(demand);
  demands.sort((a, b) => compareOwners(a.owner, b.owner) || compareText(a.subnet.name, b.subnet.name));
  diagnostics.sort((a, b) => compareText(a.about ?? "", b.about ?? ""));
  return { demands, unknown, diagnostics };
}

function nicDemands(
  plan: Plan,
  workload: Workload,
  nic: Nic,
  bound: number | undefined,
  live: KubeObject | undefined,
  snapshot: Snapshot,
): Demand[] {
  const { ask } = nic;
  if (ask.type !== "fixed") return [];
  const origins = originsOf(plan, workload, nic);
  if (ask.perPod !== undefined) return ordinalDemands(ask, ask.perPod, origins, bound ?? 0, live);
  const elastic = ask.elastic === "auto" ? autoElastic(workload.kind, bound ?? 0, live) : ask.elastic;
  const subnets = origins.map(({ subnet }) => subnet);
  const kept = ask.pool === undefined ? undefined : subnetOfPool(subnets, ask.pool, snapshot);
  return origins.map(({ inside, ...origin }) => {
    const { subnet } = origin;
    const wishes = wishesIn(inside, ask.wishes);
    const given = ask.perSubnet?.get(subnet.name);
    const planned = given ?? (bound === undefined ? 0 : bound + elastic);
    const wished = size(wishes);
    return {
      ...origin,
      count: Math.max(planned, wished),
      reason:
        wished > planned
          ? addressesText(wished, "wished")
          : given === undefined
            ? sum(bound ?? 0, elastic)
            : `${given} asked for in ${subnet.name}`,
      wishes,
      ...(subnet === kept ? { keptPool: ask.pool } : {}),
    };
  });
}

/**
 * One address for each ordinal. A StatefulSet has no surge: an ordinal is gone before it comes again, so `auto` asks for
 * nothing more; a number asks for the addresses of as many ordinals ahead.
 */
function ordinalDemands(
  ask: Extract<NicAsk, { type: "fixed" }>,
  wishes: ReadonlyMap<number, Address>,
  origins: readonly Origin[],
  bound: number,
  live: KubeObject | undefined,
): Demand[] {
  const start = firstOrdinal(live);
  return origins.flatMap(({ inside, ...origin }) => {
    const count = ordinalCount(ask, origin.subnet.name, bound);
    return Array.from({ length: count }, (_, i): Demand => {
      const wish = wishes.get(start + i);
      return {
        ...origin,
        owner: ordinalOwner(origin.owner, start + i),
        count: 1,
        reason: `ordinal ${start + i} of ${count}`,
        wishes: wish === undefined ? EMPTY : wishesIn(inside, [addressSet([wish])]),
      };
    });
  });
}

function takeDemands(plan: Plan): Demand[] {
  return [...plan.pools.values()].flatMap((pool) => {
    const subnet = plan.subnets.get(pool.subnet);
    if (pool.take === undefined || subnet === undefined) return [];
    const { count, from } = pool.take;
    const take = from === undefined ? {} : { from };
    const owner = takeOwner(pool.name);
    return [{ owner, subnet, count, reason: `take ${count}`, wishes: EMPTY, take, source: pool.source }];
  });
}

function wishesIn(inside: RangeSet, wishes: readonly RangeSet[]): RangeSet {
  const family = typeof inside[0]?.first;
  return unionAll(wishes.filter((set) => typeof set[0]?.first === family).map((set) => clip(set, inside)));
}

/** The subnet a kept pool lies in: by its live CIDR, else the first one the NIC names. */
function subnetOfPool(subnets: readonly Subnet[], pool: string, snapshot: Snapshot): Subnet | undefined {
  const live = snapshot.pools.get(pool);
  return subnets.find((subnet) => live !== undefined && inSubnet(live, subnet)) ?? subnets[0];
}

const BOUND_UNKNOWN = {
  locked: "with lock files the plan must say how many addresses it needs",
  absent: "the live workload that would say is not there",
  // Deleted under the old name, not made under the new one yet: that is no fault of the plan.
  moving: "the workload is there under neither its old name nor its new one; what it holds stays as it is",
} as const;

function boundUnknown(workload: Workload, nic: Nic, why: keyof typeof BOUND_UNKNOWN): Diagnostic {
  const owner = nicOwner(workload, nic.name);
  const other = why === "moving" ? "create it under its new name, or " : "";
  return {
    code: "SP3103",
    severity: why === "moving" ? "warning" : "error",
    message: `${owner}: no replicas in the plan, and ${BOUND_UNKNOWN[why]}`,
    hint: `${other}set replicas (maxReplicas under an autoscaler, maxNodes for a DaemonSet)`,
    source: nic.source,
    about: owner,
  };
}

function sum(bound: number, elastic: number): string {
  return `${bound} ${bound === 1 ? "replica" : "replicas"} + ${elastic} elastic`;
}
