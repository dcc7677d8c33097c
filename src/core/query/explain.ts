import { type Family, formatAddress } from "../ip/address.js";
import { type RangeSet, size, subtract } from "../ip/range-set.js";
import { type Snapshot, usedInPool } from "../snapshot.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { chooseAddress, reservedAddresses } from "../spiderpool/ipam/allocate.js";
import { type Candidates, candidates } from "../spiderpool/ipam/candidates.js";
import { judgePool } from "../spiderpool/ipam/filter.js";
import { globMatch } from "../spiderpool/ipam/glob.js";
import { networkOfNic } from "../spiderpool/ipam/networks.js";
import { rankGroups } from "../spiderpool/ipam/order.js";
import { OWN, type SpiderIPPool } from "../spiderpool/objects.js";
import type { ExplainTarget } from "./explain-target.js";

/** One NIC of a Pod: where its candidates come from, and what becomes of each pool. */
export interface NicExplanation {
  readonly nic: string;
  /** `namespace/name`; undefined if the NIC has none, or only the agent's settings could tell. */
  readonly network: string | undefined;
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
  readonly next: readonly { readonly pool: string; readonly address: string }[];
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

/** Replays Spiderpool's choice for one NIC on the cluster as it is (A1-A14). */
export function explainNic(
  snapshot: Snapshot,
  target: ExplainTarget,
  nic: string,
  facts: SpiderpoolFacts,
): NicExplanation {
  const found = candidates(target.pod, nic, snapshot, facts);
  const network = networkOfNic(target.pod, nic, facts);
  const families = ([4, 6] as const).filter((family) => (family === 4 ? facts.enableIPv4 : facts.enableIPv6));
  return {
    nic,
    network: network === "unknown" ? undefined : network,
    source: found.source,
    // The same pattern stands in both families; it matters only where it hits nothing at all.
    unmatched: [...new Set(found.unmatched)].filter(
      (pattern) => ![...found.v4, ...found.v6].some((name) => globMatch(pattern, name)),
    ),
    error: found.error,
    families: families
      .map((family) => explainFamily(snapshot, target, nic, family, found, facts))
      .filter((one) => one.usable.length + one.refused.length + one.others.length > 0),
  };
}

function explainFamily(
  snapshot: Snapshot,
  target: ExplainTarget,
  nic: string,
  family: Family,
  found: Candidates,
  facts: SpiderpoolFacts,
): FamilyExplanation {
  const named = new Set(family === 4 ? found.v4 : found.v6);
  const reserved = reservedAddresses(snapshot.reserved.values(), family);
  const usable: { pool: SpiderIPPool; assumed: readonly string[] }[] = [];
  const refused: RefusedPool[] = [];
  const others: RefusedPool[] = [];
  for (const [name, pool] of [...snapshot.pools].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const candidate = named.has(name);
    if (!candidate && !worthNaming(pool, family)) continue;
    const judged = judgePool(pool, target.pod, nic, family, facts);
    const list = candidate ? refused : others;
    if (!judged.eligible) list.push({ pool: name, rule: judged.rule, reason: judged.reason });
    else if (candidate) usable.push({ pool, assumed: judged.assumed });
    else others.push({ pool: name, reason: `all affinities hold, but the ${found.source} does not name it` });
  }
  const assumed = new Map(usable.map((one) => [one.pool, one.assumed]));
  const tried = rankGroups(usable.map((one) => one.pool)).flatMap((group, turn) =>
    group.map((pool) => usablePool(snapshot, target, pool, turn, reserved, assumed.get(pool)!)),
  );
  const kept = facts.enableStatefulSet ? keptAddress(snapshot, target, nic, family, named) : undefined;
  return { family, usable: tried, refused, others, next: kept === undefined ? nextOf(tried) : [kept] };
}

/** A StatefulSet's Pod comes back to its address as long as its pool is named; no filter is asked (A18, A19). */
function keptAddress(
  snapshot: Snapshot,
  target: ExplainTarget,
  nic: string,
  family: Family,
  named: ReadonlySet<string>,
): { pool: string; address: string } | undefined {
  const { controller } = target.pod;
  if (target.live === undefined || controller?.kind !== "StatefulSet" || controller.apiVersion !== "apps/v1")
    return undefined;
  const current = snapshot.endpoints.get(target.live)?.status?.current?.ips.find((ip) => ip.interface === nic);
  const [text, pool] = family === 4 ? [current?.ipv4, current?.ipv4Pool] : [current?.ipv6, current?.ipv6Pool];
  return text && pool && named.has(pool) ? { pool, address: text.split("/")[0]! } : undefined;
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
  return {
    pool: name,
    turn,
    total: size(offered),
    used: size(used),
    free: size(subtract(subtract(offered, used), reserved)),
    next: choice && formatAddress(choice.address),
    holds: held && formatAddress(held.address),
    assumed,
  };
}

/** A full pool is passed over (A13); of the first rank with a free address any pool may be taken (A12). */
function nextOf(tried: readonly UsablePool[]): { pool: string; address: string }[] {
  const first = tried.find((one) => one.next !== undefined);
  return tried.flatMap((one) =>
    one.next !== undefined && one.turn === first?.turn ? [{ pool: one.pool, address: one.next }] : [],
  );
}
