import { type Asking, askingOf } from "../cluster/asking.js";
import type { Family } from "../ip/address.js";
import { contains, EMPTY, type RangeSet, size, subtract } from "../ip/range-set.js";
import type { Snapshot } from "../snapshot.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { MAX_RECORDS, reservedAddresses } from "../spiderpool/ipam/allocate.js";
import { type Candidates, candidatesByNic } from "../spiderpool/ipam/candidates.js";
import { boundNics } from "../spiderpool/ipam/nics.js";
import type { PodFacts } from "../spiderpool/ipam/pod-facts.js";
import { choicesIn, traceOf } from "../spiderpool/ipam/run.js";
import { KEYS, type SpiderIPPool } from "../spiderpool/objects.js";
import { NodeClasses } from "./node-classes.js";

/** A cluster as Spiderpool's allocation sees it, with what is counted once for all Pods. */
export interface Scene {
  readonly snapshot: Snapshot;
  readonly facts: SpiderpoolFacts;
  readonly sortedPoolNames: readonly string[];
  /** Where Pods may run. */
  readonly nodes: NodeClasses;
  /** The candidates of a NIC, worked out once: Pods of one template ask for the same. */
  readonly candidates: (pod: PodFacts, nic: string) => Candidates;
  /** Addresses a pool can hand out at all: offered, not reserved, no more than Spiderpool records (F4). */
  readonly capacity: (pool: SpiderIPPool) => number;
  /** The addresses behind `capacity`, and how many of them are taken now. */
  readonly occupancy: (pool: SpiderIPPool) => { readonly usable: RangeSet; readonly used: number };
  /** Whether a NIC asks Spiderpool when its Pod starts. */
  readonly asking: (pod: PodFacts, nic: string) => Asking;
}

/** Prepares a cluster for replaying allocations on it. */
export function sceneOf(snapshot: Snapshot, facts: SpiderpoolFacts): Scene {
  const reserved = new Map<Family, RangeSet>();
  const known = new Map<SpiderIPPool, { usable: RangeSet; used: number }>();
  const reservedOf = (family: Family): RangeSet => {
    if (!reserved.has(family)) reserved.set(family, reservedAddresses(snapshot.reserved.values(), family));
    return reserved.get(family) ?? EMPTY;
  };
  const occupancy = (pool: SpiderIPPool) => {
    const counted = known.get(pool);
    if (counted !== undefined) return counted;
    const usable = subtract(effectiveSet(pool.spec), reservedOf(pool.spec.ipVersion === 6 ? 6 : 4));
    const holders = snapshot.use.byPool.get(pool.metadata.name) ?? [];
    const used = new Set(holders.map((holder) => holder.address).filter((address) => contains(usable, address))).size;
    known.set(pool, { usable, used });
    return { usable, used };
  };
  const { pools, multusConfigs, networkAttachments } = snapshot;
  const sortedPoolNames = [...pools.keys()].sort();
  const world = { pools, multusConfigs, networkAttachments, sortedPoolNames };
  return {
    snapshot,
    facts,
    asking: byNic((pod) => (nic) => askingOf(snapshot, pod, nic, facts)),
    sortedPoolNames,
    nodes: new NodeClasses(snapshot),
    candidates: byNic((pod) => candidatesByNic(pod, world, facts)),
    occupancy,
    capacity: (pool) => Math.min(size(occupancy(pool).usable), MAX_RECORDS),
  };
}

/** What becomes of one family of one NIC when the Pod starts anew. */
export interface Outcome {
  /** Pools that may serve it: more than one where Spiderpool chooses at random among equals (A12). */
  readonly pools: readonly string[];
  /** Eligible pools by rank, full ones included: what it competes for. */
  readonly eligible: readonly (readonly string[])[];
  /** What its Pod asks for besides and has no address of yet: the NIC's other family, or another NIC (A10). */
  readonly beside?: readonly Beside[];
  /** Why it gets nothing, in words; undefined = it gets an address. */
  readonly failure?: string;
  /** Its Pod starts all the same, without an address of this family: nothing is asked for (A5, A6). */
  readonly silent?: boolean;
  /** The pools whose names make the Pod fail before any is tried (A5). */
  readonly failing?: readonly string[];
  /** Facts taken as matching because nobody knows them. */
  readonly assumed: readonly string[];
}

/** A family of a NIC that comes for an address together with one that has one. */
export interface Beside extends Pick<Outcome, "eligible" | "pools"> {
  readonly nic: string;
  readonly family: Family;
}

/** The candidates of a NIC in a scene. */
export function candidatesIn(scene: Scene, pod: PodFacts, nic: string): Candidates {
  return scene.candidates(pod, nic);
}

/**
 * The NICs of a Pod that certainly ask Spiderpool in a scene, so that one without an address fails the whole Pod.
 * @param served NICs that have an address by the Pod's endpoint
 */
export function certainNics(scene: Scene, pod: PodFacts, served: readonly string[]): readonly string[] {
  return boundNics(pod, served, (nic) => scene.asking(pod, nic).ipam === "spiderpool");
}

/** Remembers what is worked out of Pods that ask for the same, for each of their NICs: the long text is kept but once. */
function byNic<T>(read: (pod: PodFacts) => (nic: string) => T): (pod: PodFacts, nic: string) => T {
  const known = new Map<string, { readonly read: (nic: string) => T; readonly found: Map<string, T> }>();
  return (pod, nic) => {
    const text = askText(pod);
    const same = known.get(text) ?? { read: read(pod), found: new Map<string, T>() };
    known.set(text, same);
    const found = same.found.get(nic) ?? same.read(nic);
    same.found.set(nic, found);
    return found;
  };
}

const ASKING = [KEYS.subnets, KEYS.subnet, KEYS.ippools, KEYS.ippool, KEYS.defaultNetwork, KEYS.networks];
const DEFAULTS = [KEYS.namespaceDefaultV4, KEYS.namespaceDefaultV6];

/** All that the candidates of a NIC depend on, as one text: equal texts have equal candidates (A1-A6, A8). */
export function askKey(pod: PodFacts, nic: string): string {
  return `${nic}\n${askText(pod)}`;
}

function askText(pod: PodFacts): string {
  const { namespace, annotations, namespaceAnnotations = {}, controller } = pod;
  // Only auto pools belong to a workload; everything else is asked for by annotation.
  const auto = annotations[KEYS.subnets] ?? annotations[KEYS.subnet];
  const workload = auto === undefined ? "" : `${controller?.apiVersion} ${controller?.kind} ${controller?.name}`;
  const own = ASKING.map((key) => annotations[key] ?? "").join("\n");
  return `${namespace}\n${workload}\n${own}\n${DEFAULTS.map((key) => namespaceAnnotations[key] ?? "").join("\n")}`;
}

/**
 * Replays candidates -> filters -> order -> first pool with a free address (A1-A14) for one family of one NIC.
 * @param freeFor how many addresses of a pool are free for this Pod, its own counted as given back
 */
export function replay(
  scene: Scene,
  pod: PodFacts,
  nic: string,
  family: Family,
  found: Candidates,
  freeFor: (pool: SpiderIPPool) => number,
): Outcome {
  if (found.error !== undefined) return failed(found.error, found.failing);
  const names = family === 4 ? found.v4 : found.v6;
  if (names.length === 0) {
    const nothing = failed(`no candidate pool of IPv${family} is left for ${nic} (from: ${found.source})`);
    return { ...nothing, silent: true };
  }
  const { eligible, refused, ranks } = traceOf(scene.snapshot.pools, scene.facts, pod, nic, family, found);
  const told = {
    eligible: ranks.map((rank) => rank.map((pool) => pool.metadata.name)),
    assumed: [...new Set(eligible.flatMap(({ assumed }) => assumed))].sort(),
  };
  const free = choicesIn(ranks, (pool) => freeFor(pool) > 0);
  if (free.length > 0) return { ...told, pools: free.map((pool) => pool.metadata.name) };
  const shut = refused.map((one) => `${one.pool} (${one.reason})`);
  const full = eligible.map((one) => `${one.pool.metadata.name} (full)`);
  return { ...told, pools: [], failure: `no pool is left for ${nic}: ${[...shut, ...full].join(", ")}` };
}

function failed(failure: string, failing: readonly string[] = []): Outcome {
  return { pools: [], eligible: [], failure, assumed: [], ...(failing.length > 0 && { failing }) };
}
