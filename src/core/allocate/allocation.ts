import type { SourceRef } from "../diagnostics.js";
import type { Family } from "../ip/address.js";
import type { RangeSet } from "../ip/range-set.js";
import type { Owner } from "./owner.js";

/** The addresses of one owner in one subnet, as they shall be. */
export interface Allocation {
  readonly owner: Owner;
  /** Key of the subnet in the plan. */
  readonly subnet: string;
  readonly family: Family;
  /** Name of the SpiderIPPool that offers them. */
  readonly pool: string;
  readonly addresses: RangeSet;
  /** Of these, how many it held before, and how many are new. */
  readonly kept: number;
  readonly added: number;
  /** Why it has this many, in words: `3 replicas + 2 elastic`. */
  readonly reason: string;
  /** Gone from the plan but still in use: kept as it is until nobody is left (DESIGN 6). */
  readonly leaving: boolean;
  /** Leaving by a migration: its pool hands out no new address (DESIGN 6, drain). */
  readonly draining?: boolean;
  /** A migration's new home before its time: its pool is disabled (DESIGN 6, prepare). */
  readonly prepared?: boolean;
  /** Held beside `addresses` but not offered yet (`pending: TICKET`). */
  readonly pending?: RangeSet;
  /**
   * A diagnostic stops this owner: `addresses` are what its live pool offers, and nothing of the owner may be written.
   * An owner without a live pool that is stopped has no allocation at all.
   */
  readonly frozen?: boolean;
  /** Where in the plan it comes from; absent when leaving. */
  readonly source?: SourceRef;
}

/** Who holds which address of one subnet, and which released ones rest: the content of a lock file (DESIGN 5). */
export interface SubnetLock {
  readonly held: ReadonlyMap<Owner, RangeSet>;
  /** Owners whose pool keeps another name (`fixed.pool`). */
  readonly pools: ReadonlyMap<Owner, string>;
  readonly released: ReadonlyMap<Owner, RangeSet>;
  /** Of what is held, what is not offered yet, by the ticket it waits for. */
  readonly pending?: ReadonlyMap<string, RangeSet>;
  /** What automatic pools offered when a cluster was looked at last, by their names: nobody is given it without a look. */
  readonly autoPools?: ReadonlyMap<string, RangeSet>;
}

/** The lock of one cluster, by subnet key. */
export interface Lock {
  /** Whether any lock file stands in the cluster's folder: if so, they are the truth; if not, the live pools are. */
  readonly files: boolean;
  /** Whether owners follow their live workloads where the plan gives no bound, although the lock is written down (`lock: cluster`). */
  readonly followsLive?: boolean;
  readonly subnets: ReadonlyMap<string, SubnetLock>;
}

/** How full a subnet is after the plan, for the line `62 held + 8 resting + 10 reserved + 111 free = 191`. */
export interface SubnetUsage {
  readonly subnet: string;
  readonly total: number;
  readonly held: number;
  readonly resting: number;
  readonly reserved: number;
  readonly free: number;
  readonly largestFree: RangeSet;
}
