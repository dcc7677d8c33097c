import { parseNicOwner } from "../allocate/owner.js";
import { nicsWith } from "../cluster/tenants.js";
import { workloadOfPod } from "../cluster/workload-of.js";
import { compareAddresses, formatAddress } from "../ip/address.js";
import { formatRangeSet, size } from "../ip/range-set.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import { OWN, type SpiderIPPool } from "../spiderpool/objects.js";
import type { Holder } from "../usage.js";

/** Who uses which addresses of one pool with one NIC. */
export interface StatusRow {
  /** `namespace/Kind/name`; empty where no workload is known. */
  readonly workload: string;
  readonly nic: string;
  readonly pool: string;
  /** What the pool offers, in Spiderpool's notation. */
  readonly addresses: readonly string[];
  /** Addresses of the pool in use by anybody, and offered in all. */
  readonly used: number;
  readonly total: number;
  /** In address order. */
  readonly users: readonly StatusUser[];
}

export interface StatusUser {
  readonly address: string;
  /** `namespace/name`. */
  readonly pod: string;
  readonly node: string;
}

/** Which rows and users to keep; every given part must fit. */
export interface StatusFilter {
  readonly namespace?: string;
  readonly pool?: string;
  readonly node?: string;
  /** `name`, `Kind/name` or `namespace/Kind/name`. */
  readonly workload?: string;
}

/** Workload -> NIC -> pool -> address -> Pod -> node, in workload, NIC and pool order. */
export function status(snapshot: Snapshot, filter: StatusFilter = {}): StatusRow[] {
  const rows = new Map<string, { workload: string; nic: string; pool: string; holders: Holder[] }>();
  const at = (workload: string, nic: string, pool: string) => {
    const key = JSON.stringify([workload, nic, pool]);
    const row = rows.get(key) ?? { workload, nic, pool, holders: [] };
    rows.set(key, row);
    return row;
  };
  for (const [pool, holders] of snapshot.use.byPool) {
    const owner = poolOwner(snapshot.pools.get(pool));
    for (const holder of holders) {
      const workload = workloadOfPod(snapshot, holder.pod) ?? owner?.workload ?? "";
      // Two NICs of a Pod that came for one pool have the same address (A15): each is told.
      for (const nic of nicsWith(holder, snapshot)) at(workload, nic || (owner?.nic ?? ""), pool).holders.push(holder);
    }
  }
  for (const pool of snapshot.pools.values()) {
    const owner = poolOwner(pool);
    const anchor = pool.metadata.labels?.[OWN.anchorLabel] !== undefined;
    if (!anchor && !snapshot.use.byPool.has(pool.metadata.name))
      at(owner?.workload ?? "", owner?.nic ?? "", pool.metadata.name);
  }
  return [...rows.values()]
    .map((row) => statusRow(snapshot, row))
    .flatMap((row) => filtered(row, filter))
    .sort(byPlace);
}

function poolOwner(pool: SpiderIPPool | undefined): { workload: string; nic: string } | undefined {
  const recorded = pool === undefined ? undefined : recordedOwner(pool);
  // An object's owner ends with its subnet, which is no part of whose pool it is.
  const owner = recorded === undefined ? undefined : parseNicOwner(recorded.split("/").slice(0, 4).join("/"));
  return owner && { workload: `${owner.namespace}/${owner.kind}/${owner.workload}`, nic: owner.nic };
}

function statusRow(
  snapshot: Snapshot,
  row: { workload: string; nic: string; pool: string; holders: readonly Holder[] },
): StatusRow {
  const pool = snapshot.pools.get(row.pool);
  const offered = pool === undefined ? [] : effectiveSet(pool.spec);
  const holders = [...row.holders].sort((a, b) => compareAddresses(a.address, b.address) || (a.pod < b.pod ? -1 : 1));
  return {
    workload: row.workload,
    nic: row.nic,
    pool: row.pool,
    addresses: formatRangeSet(offered),
    used: new Set((snapshot.use.byPool.get(row.pool) ?? []).map((holder) => holder.address)).size,
    total: size(offered),
    users: holders.map((holder) => ({
      address: formatAddress(holder.address),
      pod: holder.pod,
      node: nodeOf(snapshot, holder),
    })),
  };
}

function nodeOf(snapshot: Snapshot, holder: Holder): string {
  const spec = snapshot.pods.get(holder.pod)?.spec as { nodeName?: string } | undefined;
  return holder.node || (spec?.nodeName ?? "");
}

function filtered(row: StatusRow, filter: StatusFilter): StatusRow[] {
  if (filter.pool !== undefined && row.pool !== filter.pool) return [];
  if (filter.workload !== undefined && !names(row.workload, filter.workload)) return [];
  const inNamespace = (name: string) => filter.namespace === undefined || name.startsWith(`${filter.namespace}/`);
  const users = row.users.filter(
    (user) => (filter.node === undefined || user.node === filter.node) && inNamespace(user.pod),
  );
  const empty = users.length === 0 && (filter.node !== undefined || row.users.length > 0 || !inNamespace(row.workload));
  return empty ? [] : [{ ...row, users }];
}

/** Whether a short form names the workload. */
function names(workload: string, wanted: string): boolean {
  return workload === wanted || workload.endsWith(`/${wanted}`);
}

/** Pools without a workload come last. */
function byPlace(a: StatusRow, b: StatusRow): number {
  const keys = (row: StatusRow) => [row.workload === "" ? "1" : "0", row.workload, row.nic, row.pool];
  const right = keys(b);
  const left = keys(a);
  const at = left.findIndex((key, i) => key !== right[i]);
  return at < 0 ? 0 : left[at]! < right[at]! ? -1 : 1;
}
