import { OwnerIndex } from "../allocate/owner-index.js";
import { offered } from "../change/diff.js";
import type { OrderedStep } from "../change/order.js";
import { templateUsers } from "../cluster/template-reference.js";
import { workloadKey } from "../cluster/workload-of.js";
import { isOwnReservationStep } from "../desired/promised.js";
import type { Family } from "../ip/address.js";
import { formatRangeSet } from "../ip/range-set.js";
import type { Snapshot } from "../snapshot.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import { networkOfConfig } from "../spiderpool/ipam/network-defaults.js";
import {
  KINDS,
  type KubeObject,
  type SpiderIPPool,
  type SpiderMultusConfig,
  type SpiderReservedIP,
} from "../spiderpool/objects.js";

/** What the steps touch that Spiderpool's allocation looks at, each with the numbers of the steps that touch it. */
export interface Touched {
  readonly pools: ReadonlyMap<string, readonly number[]>;
  readonly namespaces: ReadonlyMap<string, readonly number[]>;
  readonly workloads: ReadonlyMap<string, readonly number[]>;
  readonly networks: ReadonlyMap<string, readonly number[]>;
  /** What the plan does to a pool, in words: `the plan deletes it`. */
  readonly changesOf: (pool: string) => readonly string[];
}

/** Reads the steps that are not held back; gateways, routes and marks are nothing to allocation. */
export function touchedBy(steps: readonly OrderedStep[], snapshot: Snapshot): Touched {
  const pools = new Map<string, number[]>();
  const namespaces = new Map<string, number[]>();
  const workloads = new Map<string, number[]>();
  const networks = new Map<string, number[]>();
  const words = new Map<string, string[]>();
  let offers: ByVersion | undefined;
  const touch = (map: Map<string, number[]>, key: string, index: number) =>
    map.set(key, [...(map.get(key) ?? []), index]);
  for (const [index, step] of steps.entries()) {
    if (step.blocked) continue;
    switch (step.kind.kind) {
      case "SpiderIPPool":
        if (!steersAllocation(step)) break;
        touch(pools, step.name, index);
        words.set(step.name, [...(words.get(step.name) ?? []), ...poolWords(step)]);
        break;
      case "SpiderReservedIP":
        // Only what its own pool lets go of rests, and only what no pool offers is kept: nobody loses by it, and it must not
        // join all who release something.
        if (isOwnReservationStep(step)) break;
        offers ??= offersOf(steps, snapshot);
        for (const pool of reservedPools(step, offers)) {
          touch(pools, pool, index);
          words.set(pool, [...(words.get(pool) ?? []), `the plan changes reservation ${step.name} (${step.action})`]);
        }
        break;
      case "SpiderMultusConfig":
        // A network has the name of its net-attach-def, which may be another than its config's (X8).
        for (const name of new Set([step.object, step.live ?? step.object].map(networkNamed)))
          touch(networks, name, index);
        break;
      case "SpiderSubnet":
        break;
      case KINDS.Namespace.kind:
        touch(namespaces, step.name, index);
        break;
      default:
        for (const key of withUsers(workloadKey(step.object), snapshot)) touch(workloads, key, index);
    }
  }
  return { pools, namespaces, workloads, networks, changesOf: (pool) => words.get(pool) ?? [] };
}

/** A workload, and those that make their Pods from its template. */
function withUsers(workload: string, { workloads }: Snapshot): readonly string[] {
  return [workload, ...(templateUsers(workloads).get(workload) ?? [])];
}

function networkNamed(config: KubeObject): string {
  return networkOfConfig(config as SpiderMultusConfig);
}

function steersAllocation(step: OrderedStep): boolean {
  if (step.action === "create" || step.action === "delete") return true;
  return step.added.length > 0 || step.removed.length > 0 || step.steering.length > 0;
}

function poolWords(step: OrderedStep): string[] {
  if (step.action === "create") return ["it is a new pool of this plan"];
  if (step.action === "delete") return ["the plan deletes it"];
  const sets = [
    ...(step.removed.length > 0
      ? [`the plan changes its addresses: - ${formatRangeSet(step.removed).join(", ")}`]
      : []),
    ...(step.added.length > 0 ? [`the plan changes its addresses: + ${formatRangeSet(step.added).join(", ")}`] : []),
  ];
  const steering = step.changes.filter((change) => step.steering.some((field) => change.startsWith(field)));
  return [...steering.map((change) => `the plan changes ${change}`), ...sets];
}

/** Which pools, live or new, offer an address. */
function offersOf(steps: readonly OrderedStep[], snapshot: Snapshot): ByVersion {
  const created = steps.filter((one) => one.kind === KINDS.SpiderIPPool && one.action === "create" && !one.blocked);
  const pools = [...snapshot.pools.values(), ...created.map((one) => one.object as SpiderIPPool)];
  const ofVersion = (version: number) =>
    new OwnerIndex(
      pools
        .filter(({ spec }) => spec.ipVersion === version)
        .map((pool) => [pool.metadata.name, offered(pool)] as const),
    );
  return { 4: ofVersion(4), 6: ofVersion(6) };
}

/** Pools that offer an address whose reservation comes or goes. */
function reservedPools(step: OrderedStep, offers: ByVersion): string[] {
  const version = (step.object as SpiderReservedIP).spec.ipVersion;
  const reserved = [step.object, step.live].flatMap((one) =>
    one === undefined ? [] : [effectiveSet({ ips: (one as SpiderReservedIP).spec.ips })],
  );
  const family = version === 4 || version === 6 ? offers[version] : undefined;
  const names = reserved.flatMap((set) => family?.inside(set) ?? []).map(({ holder }) => holder);
  return [...new Set(names)].sort();
}

type ByVersion = Readonly<Record<Family, OwnerIndex>>;
