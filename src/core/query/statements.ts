import type { Lock } from "../allocate/allocation.js";
import { nicOwner, ownerInSubnet, parseNicOwner, splitOwner } from "../allocate/owner.js";
import { recordsOf, reservedSets } from "../allocate/quarantine.js";
import { isOrphaned } from "../cluster/lifecycle.js";
import { workloadOfPod } from "../cluster/workload-of.js";
import { parseAddress } from "../ip/address.js";
import { EMPTY, type RangeSet, unionAll } from "../ip/range-set.js";
import type { Plan } from "../plan/plan.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import { isTerminating, type KubeObject, OWN, type SpiderIPPool } from "../spiderpool/objects.js";
import { poolRecords } from "../usage.js";

/** Where a statement about addresses comes from, in the order they are told. */
export const SOURCES = ["plan", "lock", "pool", "record", "endpoint", "reservation", "quarantine"] as const;
export type Source = (typeof SOURCES)[number];

/** What one source says of some addresses. */
export interface Statement {
  readonly source: Source;
  /** An owner, a Pod, a pool, or a name of the plan. */
  readonly who: string;
  /** Further names it goes by: the workload of a Pod, the pool of an owner. */
  readonly also: readonly string[];
  readonly addresses: RangeSet;
  /** What it says of them, in words. */
  readonly says: string;
  /** Free text people wrote beside it. */
  readonly meta: Readonly<Record<string, string>>;
}

/** Everything that plan, lock and cluster say of addresses. */
export function statements(plan: Plan | undefined, lock: Lock, snapshot: Snapshot): Statement[] {
  const metaOf = (owner: string) => plan?.workloads.get(workloadOfOwner(owner))?.meta ?? {};
  return [
    ...(plan === undefined ? [] : fromPlan(plan)),
    ...fromLock(lock, metaOf),
    ...[...snapshot.pools.values()].map(fromPool),
    ...[...snapshot.pools.values()].flatMap((pool) => fromRecords(pool, snapshot)),
    ...fromEndpoints(snapshot),
    ...fromReservations(snapshot),
  ].sort(
    (a, b) => SOURCES.indexOf(a.source) - SOURCES.indexOf(b.source) || compare(a.who, b.who) || compare(a.says, b.says),
  );
}

function fromPlan(plan: Plan): Statement[] {
  const say = (who: string, addresses: RangeSet, says: string, meta: Readonly<Record<string, string>>): Statement => ({
    ...{ source: "plan", who, also: [], addresses, says, meta },
  });
  const subnets = [...plan.subnets.values()].flatMap((one) => [
    say(`subnet ${one.name}`, one.usable, "in its ranges", one.meta),
    ...(one.gateway === undefined
      ? []
      : [say(`subnet ${one.name}`, [{ first: one.gateway, last: one.gateway }], "its gateway", one.meta)]),
    ...(one.exclude.length === 0 ? [] : [say(`subnet ${one.name}`, one.exclude, "excluded", one.meta)]),
  ]);
  const reserved = [...plan.reserved.values()].flatMap((one) =>
    [one.addresses.v4, one.addresses.v6]
      .filter((set) => set.length > 0)
      .map((set) =>
        say(`reserved ${one.name}`, set, `reserved${one.reason === undefined ? "" : `: ${one.reason}`}`, one.meta),
      ),
  );
  const pools = [...plan.pools.values()].map((one) =>
    say(`pool:${one.name}`, one.addresses ?? EMPTY, `declared in subnet ${one.subnet}`, one.meta),
  );
  const workloads = [...plan.workloads.values()].flatMap((one) =>
    [...one.interfaces.values()].flatMap((nic) => {
      const wishes = nic.ask.type === "fixed" ? byFamily(nic.ask.wishes) : [];
      const who = nicOwner(one, nic.name);
      if (wishes.length === 0) return [say(who, EMPTY, "in the plan", one.meta)];
      return wishes.map((set) => say(who, set, "wishes for it", one.meta));
    }),
  );
  return [...subnets, ...reserved, ...pools, ...workloads];
}

/** A set has one family. */
function byFamily(sets: readonly RangeSet[]): RangeSet[] {
  return ["number", "bigint"]
    .map((family) => unionAll(sets.filter((set) => typeof set[0]?.first === family)))
    .filter((set) => set.length > 0);
}

function fromLock(lock: Lock, metaOf: (owner: string) => Readonly<Record<string, string>>): Statement[] {
  return [...lock.subnets].flatMap(([subnet, { held, released }]) => {
    const say =
      (says: string) =>
      ([owner, addresses]: [string, RangeSet]): Statement => ({
        ...{ source: "lock", who: ownerInSubnet(owner, subnet), also: [owner], addresses, says, meta: metaOf(owner) },
      });
    return [...[...held].map(say("held")), ...[...released].map(say("released; it rests"))];
  });
}

function fromPool(pool: SpiderIPPool): Statement {
  const { name } = pool.metadata;
  const state = isTerminating(pool) ? ", being deleted" : pool.spec.disable === true ? ", disabled" : "";
  const owner = recordedOwner(pool);
  return {
    source: "pool",
    who: owner ?? `pool:${name}`,
    also: [name, `pool:${name}`, ...(owner === undefined ? [] : [splitOwner(owner).owner])],
    addresses: effectiveSet(pool.spec),
    says: `offered by SpiderIPPool ${name}${state}`,
    meta: metaIn(pool),
  };
}

function fromRecords(pool: SpiderIPPool, snapshot: Snapshot): Statement[] {
  return poolRecords(pool).map(({ address, pod }) => ({
    source: "record",
    who: pod,
    also: aboveOf(snapshot, pod),
    addresses: [{ first: address, last: address }],
    says: `in use, says the status of SpiderIPPool ${pool.metadata.name}`,
    meta: {},
  }));
}

function fromEndpoints(snapshot: Snapshot): Statement[] {
  return [...snapshot.endpoints].flatMap(([pod, { status }]) =>
    (status?.current?.ips ?? []).flatMap((ip) =>
      [ip.ipv4, ip.ipv6].flatMap((text): Statement[] => {
        const address = text === undefined ? undefined : parseAddress(text.split("/")[0]!);
        if (address === undefined) return [];
        const says = `${ip.interface || "a NIC"} of the Pod on ${status?.current?.node || "an unknown node"}${endOf(snapshot, pod)}`;
        const above = aboveOf(snapshot, pod);
        const also = [...above, ...above.map((workload) => `${workload}/${ip.interface}`)];
        return [{ source: "endpoint", who: pod, also, addresses: [{ first: address, last: address }], says, meta: {} }];
      }),
    ),
  );
}

/** What became of an endpoint's Pod, where nobody comes back for what it has. */
function endOf(snapshot: Snapshot, pod: string): string {
  if (snapshot.use.leftovers.has(pod)) return "; left over from a Pod that finished or was replaced";
  return isOrphaned(snapshot, pod) ? "; left over from a Pod that is gone" : "";
}

function fromReservations(snapshot: Snapshot): Statement[] {
  return [...snapshot.reserved.values()].flatMap((reserved) => {
    const { name } = reserved.metadata;
    const { v4, v6 } = reservedSets(reserved);
    const own = [v4, v6]
      .filter((set) => set.length > 0)
      .map((addresses): Statement => {
        return {
          source: "reservation",
          who: name,
          also: [],
          addresses,
          says: `SpiderReservedIP ${name}`,
          meta: metaIn(reserved),
        };
      });
    const resting = recordsOf(reserved).map(({ range, owner, since }): Statement => {
      const says = `released${since === "" ? "" : ` ${since}`}; it rests in SpiderReservedIP ${name}`;
      return { source: "quarantine", who: owner, also: [splitOwner(owner).owner], addresses: [range], says, meta: {} };
    });
    return [...own, ...resting];
  });
}

function aboveOf(snapshot: Snapshot, pod: string): string[] {
  const workload = workloadOfPod(snapshot, pod);
  // A VM's Pod has another name to Kubernetes than to Spiderpool (T1).
  const launchers = (snapshot.launchers.get(pod) ?? []).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  return [...(workload === undefined ? [] : [workload]), ...launchers];
}

function workloadOfOwner(owner: string): string {
  const parts = parseNicOwner(owner);
  return parts === undefined ? owner : `${parts.namespace}/${parts.kind}/${parts.workload}`;
}

/** What the plan wrote beside an object of ours. */
function metaIn(object: KubeObject): Record<string, string> {
  try {
    const value: unknown = JSON.parse(object.metadata.annotations?.[OWN.meta] ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, string>) : {};
  } catch {
    return {};
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
