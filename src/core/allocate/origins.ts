import type { SourceRef } from "../diagnostics.js";
import { cidrRange } from "../ip/range.js";
import type { RangeSet } from "../ip/range-set.js";
import type { Nic, Plan, Subnet, Workload } from "../plan/plan.js";
import { nicOwner, type Owner, sliceOwner, takeOwner } from "./owner.js";

/** Where the addresses of a NIC come from: each of its subnets, each declared pool it has a slice of. */
export interface Origin {
  readonly owner: Owner;
  readonly subnet: Subnet;
  /** Set for a slice: the declared pool it is cut from. */
  readonly slice?: string;
  /** The new home of a migration that is only being prepared. */
  readonly prepared?: boolean;
  /** Ticket that what it gains waits for. */
  readonly pending?: string;
  readonly source: SourceRef;
  /** Where wishes for it lie. */
  readonly inside: RangeSet;
}

/** The origins of a fixed NIC; none for any other. */
export function originsOf(plan: Plan, workload: Workload, { name, ask, source, migration, pending }: Nic): Origin[] {
  if (ask.type !== "fixed") return [];
  const owner = nicOwner(workload, name);
  const of = (place: string) => ({
    source,
    ...(pending !== undefined && { pending }),
    ...(migration?.phase === "prepare" && migration.to === place && { prepared: true }),
  });
  const subnets = [...new Set(ask.subnets)].flatMap((key): Origin[] => {
    const subnet = plan.subnets.get(key);
    return subnet === undefined ? [] : [{ owner, subnet, ...of(key), inside: [cidrRange(subnet.cidr)] }];
  });
  const slices = [...new Set(ask.slices ?? [])].flatMap((slice): Origin[] => {
    const pool = plan.pools.get(slice);
    const subnet = plan.subnets.get(pool?.subnet ?? "");
    if (pool?.addresses === undefined || subnet === undefined) return [];
    return [{ owner: sliceOwner(owner, slice), subnet, slice, ...of(takeOwner(slice)), inside: pool.addresses }];
  });
  return [...subnets, ...slices];
}
