import { type Family, formatAddress } from "../ip/address.js";
import { contains, type RangeSet, size, subtract } from "../ip/range-set.js";
import { type Snapshot, usedInPool } from "../snapshot.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import { chooseAddress, reservedAddresses } from "../spiderpool/ipam/allocate.js";
import type { Candidates } from "../spiderpool/ipam/candidates.js";
import { judgePool } from "../spiderpool/ipam/filter.js";
import { globMatch } from "../spiderpool/ipam/glob.js";
import { networkOfNic } from "../spiderpool/ipam/networks.js";
import { choicesIn, traceOf } from "../spiderpool/ipam/run.js";
import { OWN, type SpiderIPPool } from "../spiderpool/objects.js";
import { candidatesIn, type Scene } from "../verdict/replay.js";
import { standingWith } from "../verdict/standing.js";
import type { ExplainTarget } from "./explain-target.js";

/** One NIC of a Pod: where its candidates come from, and what becomes of each pool. */
export interface NicExplanation {
  readonly nic: string;
  /** `namespace/name`; undefined if the NIC has none, or only the agent's settings could tell. */
  readonly network: string | undefined;
  /** Why nobody asks Spiderpool for this NIC; then there is nothing more to say. */
  readonly asksNobody?: string;
  readonly source: Candidates["source"];
  /** Patterns that hit no pool (A5). */
  readonly unmatched: readonly string[];
  /** Why the Pod fails before any pool is tried. */
  readonly error?: string;
  readonly families: readonly FamilyExplanation[];
}

export interface FamilyExplanation {
  readonly family: Family;
  /** Candidates that may serve the NIC, in the order they are tried; equal `turn` = any order (A11, A12). */
  readonly usable: readonly UsablePool[];
  /** Candidates that may not, and why. */
  readonly refused: readonly RefusedPool[];
  /** Pools nothing names, and the affinity that fails besides, if one does. */
  readonly others: readonly RefusedPool[];
  /** What the NIC gets at its next start: one entry, or one for each pool of equal rank (A12); empty = no address. */
  readonly next: readonly NextAddress[];
  /** Of a workload: how many of its Pods have an address of this NIC, which they keep while they run. */
  readonly holding: number;
  /** Of a StatefulSet: what each of its ordinals gets. */
  readonly ordinals: readonly { readonly pod: string; readonly next: readonly NextAddress[] }[];
}

export interface NextAddress {
  readonly pool: string;
  readonly address: string;
  /** It is the one it has now, kept for it (A18, A21). */
  readonly kept: boolean;
}

export interface UsablePool {
  readonly pool: string;
  readonly turn: number;
  readonly total: number;
  readonly used: number;
  readonly free: number;
  /** Undefined when it is full. */
  readonly next?: string;
  /** Address of it this very Pod has now. */
  readonly holds?: string;
  /** Facts nobody knew and that were taken as matching. */
  readonly assumed: readonly string[];
}

export interface RefusedPool {
  readonly pool: string;
  /** Rule of SPIDERPOOL.md that fails; undefined when nothing but a name is missing. */
  readonly rule?: string;
  readonly reason: string;
}

/** Replays Spiderpool's choice for one NIC on the cluster as it is (A1-A14, A18-A21). */
export function explainNic(scene: Scene, target: ExplainTarget, nic: string): NicExplanation {
  const { facts } = scene;
  const found = candidatesIn(scene, target.pod, nic);
  const network = networkOfNic(target.pod, nic, facts);
  const elsewhere = scene.asking(target.pod, nic).asks === "no";
  const nobody = target.asksNobody ?? (elsewhere ? "its network ends in another IPAM than Spiderpool's" : undefined);
  const families = ([4, 6] as const).filter((family) => (family === 4 ? facts.enableIPv4 : facts.enableIPv6));
  return {
    nic,
    network: network === "unknown" ? undefined : network,
    ...(nobody !== undefined && { asksNobody: nobody }),
    source: found.source,
    // The same pattern stands in both families; it matters only where it hits nothing at all.
    unmatched: [...new Set(found.unmatched)].filter(
      (pattern) => ![...found.v4, ...found.v6].some((name) => globMatch(pattern, name)),
    ),
    error: found.error,
    families:
      nobody !== undefined
        ? []
        : families
            .map((family) => explainFamily(scene, target, nic, family, found))
            .filter((one) => one.usable.length + one.refused.length + one.others.length > 0),
  };
}

function explainFamily(
  scene: Scene,
  target: ExplainTarget,
  nic: string,
  family: Family,
  found: Candidates,
): FamilyExplanation {
  const { snapshot, facts } = scene;
  const named = new Set(family === 4 ? found.v4 : found.v6);
  const reserved = reservedAddresses(snapshot.reserved.values(), family);
  const { eligible, refused, ranks } = traceOf(snapshot.pools, facts, target.pod, nic, family, found);
  const assumed = new Map(eligible.map((one) => [one.pool, one.assumed]));
  const tried = ranks.map((rank, turn) =>
    rank.map((pool) => usablePool(snapshot, target, pool, turn, reserved, assumed.get(pool)!)),
  );
  const others = [...snapshot.pools]
    .filter(([name, pool]) => !named.has(name) && worthNaming(pool, family))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, pool]): RefusedPool => {
      const judged = judgePool(pool, target.pod, nic, family, facts);
      if (!judged.eligible) return { pool: name, rule: judged.rule, reason: judged.reason };
      return { pool: name, reason: `all affinities hold, but the ${found.source} does not name it` };
    });
  return {
    ...{ family, usable: tried.flat(), refused: [...refused].sort(byName), others },
    next: keptAddress(scene, target, nic, family) ?? nextOf(tried),
    holding: target.pods.filter((pod) => heldBy(snapshot, pod, nic, family) !== undefined).length,
    ordinals: target.ordinals.map((ordinal) => ({ pod: ordinal.title, next: nextFor(scene, ordinal, nic, family) })),
  };
}

/** What one ordinal gets, in short. */
function nextFor(scene: Scene, target: ExplainTarget, nic: string, family: Family): readonly NextAddress[] {
  const kept = keptAddress(scene, target, nic, family);
  if (kept !== undefined) return kept;
  const found = candidatesIn(scene, target.pod, nic);
  return explainFamily(scene, { ...target, ordinals: [] }, nic, family, found).next;
}

/** What an ordinal or a VM gets again, whatever the pools say: as the verdict judges it. */
function keptAddress(
  scene: Scene,
  { live, keeps, pod }: ExplainTarget,
  nic: string,
  family: Family,
): readonly NextAddress[] | undefined {
  const held = live === undefined || keeps === "nothing" ? undefined : heldBy(scene.snapshot, live, nic, family);
  if (held === undefined) return undefined;
  const recorded = scene.snapshot.endpoints.get(live!)?.status?.current?.ips ?? [];
  const free = (pool: SpiderIPPool) => scene.capacity(pool) - scene.occupancy(pool).used;
  const { keepsOwn } = standingWith(scene, { nic, family, pool: held.pool, recorded, keeps }, pod, free);
  return keepsOwn ? [{ ...held, kept: true }] : undefined;
}

/** The address of a NIC that Spiderpool has on record. */
function heldBy(
  { endpoints }: Snapshot,
  pod: string,
  nic: string,
  family: Family,
): { pool: string; address: string } | undefined {
  const current = endpoints.get(pod)?.status?.current?.ips.find((ip) => ip.interface === nic);
  const [text, pool] = family === 4 ? [current?.ipv4, current?.ipv4Pool] : [current?.ipv6, current?.ipv6Pool];
  return text && pool ? { pool, address: text.split("/")[0]! } : undefined;
}

/** Anchors stand in the way of nobody, and pools of the other family are not asked about. */
function worthNaming(pool: SpiderIPPool, family: Family): boolean {
  return pool.spec.ipVersion === family && pool.metadata.labels?.[OWN.anchorLabel] === undefined;
}

function usablePool(
  snapshot: Snapshot,
  target: ExplainTarget,
  pool: SpiderIPPool,
  turn: number,
  reserved: RangeSet,
  assumed: readonly string[],
): UsablePool {
  const { name } = pool.metadata;
  const offered = effectiveSet(pool.spec);
  const used = usedInPool(snapshot, name);
  // A Pod that is made again has another UID, so no record of its own to find (A15, A17).
  const choice = chooseAddress(pool, "", reserved);
  const held = (snapshot.use.byPool.get(name) ?? []).find((holder) => holder.pod === target.live);
  // Of a full pool it gets what it gives back itself.
  const next =
    choice?.address ?? (held && contains(subtract(offered, reserved), held.address) ? held.address : undefined);
  return {
    pool: name,
    turn,
    total: size(offered),
    used: size(used),
    free: size(subtract(subtract(offered, used), reserved)),
    next: next === undefined ? undefined : formatAddress(next),
    holds: held && formatAddress(held.address),
    assumed,
  };
}

/** A full pool is passed over (A13); of the first rank with a free address any pool may be taken (A12). */
function nextOf(tried: readonly (readonly UsablePool[])[]): NextAddress[] {
  return choicesIn(tried, ({ next }) => next !== undefined).map(({ pool, next }) => ({
    ...{ pool, address: next! },
    kept: false,
  }));
}

function byName(a: RefusedPool, b: RefusedPool): number {
  return a.pool < b.pool ? -1 : 1;
}
