import type { Diagnostic } from "../diagnostics.js";
import { EMPTY, size } from "../ip/range-set.js";
import type { Snapshot } from "../snapshot.js";
import type { KubeObject } from "../spiderpool/objects.js";
import { firstOrdinal } from "./bound.js";
import type { Demand } from "./demand.js";
import type { LivePools } from "./live.js";
import type { Holdings } from "./lock.js";
import { type Owner, ownerInSubnet, ownerShown, parseNicOwner, withoutOrdinal, workloadOf } from "./owner.js";

/**
 * Ordinals the plan no longer asks for but the live StatefulSet does, though their Pods wait for something and hold no
 * address now: they would find none when they come (FIXED-8). Those in use leave by themselves.
 */
export function awaitedOrdinals(demands: readonly Demand[], live: LivePools, snapshot: Snapshot): Demand[] {
  const wanted = new Set(demands.map(({ owner, subnet }) => ownerInSubnet(owner, subnet.name)));
  const sets = new Map(
    demands.map((demand) => [ownerInSubnet(withoutOrdinal(demand.owner), demand.subnet.name), demand]),
  );
  const awaited = [...live.claims].flatMap(([key, { owner, subnet, used }]): Demand[] => {
    const ordinal = parseNicOwner(owner)?.ordinal;
    const set = sets.get(ownerInSubnet(withoutOrdinal(owner), subnet));
    if (ordinal === undefined || set === undefined || wanted.has(key) || used.length > 0) return [];
    const workload = liveWorkload(owner, snapshot);
    if (set.running === undefined || Number(ordinal) >= firstOrdinal(workload) + set.running) return [];
    return [{ ...set, owner, count: 1, wishes: EMPTY, reason: `ordinal ${ordinal}, which the live one asks for` }];
  });
  return [...demands, ...awaited];
}

/**
 * Lock files that leave an owner fewer addresses than its live pool has and its live workload asks for: Pods that wait
 * for a node, say, would find none.
 * @param frozen those found are added
 */
export function checkScaled(
  demands: readonly Demand[],
  holdings: ReadonlyMap<string, Holdings>,
  live: LivePools,
  frozen: Set<Owner>,
): Diagnostic[] {
  const short = demands.filter(({ owner, subnet, running = 0 }) => {
    const offered = size(live.claims.get(ownerInSubnet(owner, subnet.name))?.offered ?? EMPTY);
    const after = size(holdings.get(subnet.name)?.held.get(owner) ?? EMPTY);
    return !frozen.has(owner) && withoutOrdinal(owner) === owner && after < offered && after < running;
  });
  for (const { owner } of short) frozen.add(owner);
  return short.map(({ owner, subnet, source, running }) => ({
    code: "SP4116",
    severity: "error",
    message: `the lock leaves ${ownerShown(owner, subnet.name)} ${size(holdings.get(subnet.name)?.held.get(owner) ?? EMPTY)} addresses, but the live workload asks for ${running} Pods`,
    hint: "scale the workload first, then sync",
    source,
    about: owner,
  }));
}

function liveWorkload(owner: Owner, snapshot: Snapshot): KubeObject | undefined {
  return snapshot.workloads.get(workloadOf(owner));
}
