import type { Family } from "../../ip/address.js";
import type { SpiderpoolFacts } from "../facts.js";
import type { EndpointIP, SpiderIPPool } from "../objects.js";
import { namesNoInterface } from "./annotations.js";
import type { Candidates } from "./candidates.js";
import { judgePool } from "./filter.js";
import { rankGroups } from "./order.js";
import type { PodFacts } from "./pod-facts.js";
import { takesRecordBack } from "./retain.js";

/** A candidate that may serve a NIC. */
export interface Eligible {
  readonly pool: SpiderIPPool;
  /** Facts nobody knew and that were taken as matching (DESIGN 6). */
  readonly assumed: readonly string[];
}

/** A candidate that may not, and the rule that says so. */
export interface Refused {
  readonly pool: string;
  readonly rule: string;
  readonly reason: string;
}

/** What Spiderpool makes of the candidates of one family of one NIC, before it looks for a free address. */
export interface Trace {
  /** In the order of the candidates. */
  readonly eligible: readonly Eligible[];
  readonly refused: readonly Refused[];
  /** The eligible pools in the order they are tried: one group a rank, those of a group in any order (A11, A12). */
  readonly ranks: readonly (readonly SpiderIPPool[])[];
}

/** Candidates -> filters -> order for one family of one NIC (A7-A12). */
export function traceOf(
  pools: ReadonlyMap<string, SpiderIPPool>,
  facts: SpiderpoolFacts,
  pod: PodFacts,
  nic: string,
  family: Family,
  found: Candidates,
): Trace {
  const eligible: Eligible[] = [];
  const refused: Refused[] = [];
  for (const name of family === 4 ? found.v4 : found.v6) {
    const pool = pools.get(name);
    if (pool === undefined) continue;
    const judged = judgePool(pool, pod, nic, family, facts);
    if (judged.eligible) eligible.push({ pool, assumed: judged.assumed });
    else refused.push({ pool: name, rule: judged.rule, reason: judged.reason });
  }
  return { eligible, refused, ranks: rankGroups(eligible.map(({ pool }) => pool)) };
}

/**
 * The pools any of which may serve the NIC: of the first rank that has a free address those that have one (A12, A13).
 * @returns none where all are full
 */
export function choicesIn<T>(ranks: readonly (readonly T[])[], isFree: (pool: T) => boolean): readonly T[] {
  for (const rank of ranks) {
    const free = rank.filter(isFree);
    if (free.length > 0) return free;
  }
  return [];
}

/**
 * Whether a Pod that keeps its records finds all of them again: each pool is still a candidate, before any filter (A19). Where
 * `ippools` names no interface it finds none (Z5), and what a NIC left behind that the template has no more, or whose network is
 * in other hands, is not asked about (Z4). A guess on the safe side where it has several NICs: one record that is named no
 * more makes it give back all.
 * @param asks whether a NIC asks Spiderpool when the Pod starts
 */
export function takesAllBack(
  pod: PodFacts,
  recorded: readonly Pick<EndpointIP, "interface" | "ipv4Pool" | "ipv6Pool">[],
  asks: (nic: string) => boolean,
  candidatesOf: (nic: string) => Candidates,
): boolean {
  if (recorded.length === 0 || namesNoInterface(pod)) return false;
  return recorded
    .filter((record) => asks(record.interface))
    .every((record) => {
      const found = candidatesOf(record.interface);
      return found.error === undefined && takesRecordBack(record, found);
    });
}
