import { nicAndFamily, type Owner, parseNicOwner, splitOwner } from "../allocate/owner.js";
import type { OrderedStep } from "../change/order.js";
import type { Block } from "../change/step.js";
import { isOrphaned } from "../cluster/lifecycle.js";
import { keptByName, type UnusedPools } from "../cluster/named-pools.js";
import type { Namers } from "../cluster/references.js";
import { ownerText } from "../cluster/tenants.js";
import { formatAddress } from "../ip/address.js";
import { addressesOf, contains, formatRangeSet, type RangeSet, size } from "../ip/range-set.js";
import { deletingThem } from "../leftover-endpoints.js";
import type { LeavingEntry, VerdictEntry } from "../outcome.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import { networkOfConfig } from "../spiderpool/ipam/network-defaults.js";
import { KINDS, type SpiderIPPool, type SpiderMultusConfig } from "../spiderpool/objects.js";
import { type Holder, podShown } from "../usage.js";

/** Steps with those held back that would take something from somebody, and who that somebody is. */
export interface Guarded {
  readonly steps: readonly OrderedStep[];
  readonly released: readonly VerdictEntry[];
  readonly leaving: readonly Omit<LeavingEntry, "waiting">[];
}

/** Above this many addresses a set is compared with every holder instead of being walked. */
const WALK_LIMIT = 65_536;

/**
 * FIXED-1: no step takes from a pool an address in use, and nothing in use or named by somebody is deleted (DESIGN 7).
 * A fixed pool whose owner left the plan is no refusal but waits (`leaving`) until nobody needs it any more.
 * @param rename the name an owner has after the plan's renamings
 */
export function guard(
  steps: readonly OrderedStep[],
  snapshot: Snapshot,
  naming: Namers,
  rename: (owner: Owner) => Owner,
): Guarded {
  const released: VerdictEntry[] = [];
  const leaving: Omit<LeavingEntry, "waiting">[] = [];
  const namedBy = whoNames(steps, snapshot, naming, rename);
  const guarded = steps.map((step) => {
    if (step.blocked !== undefined || step.live === undefined) return step;
    if (step.kind === KINDS.SpiderIPPool) return guardPool(step, snapshot, namedBy.get(step.name), released, leaving);
    if (step.kind === KINDS.SpiderMultusConfig && step.action === "delete") return guardNetwork(step, naming);
    return step;
  });
  return { steps: guarded.filter((step) => step !== undefined), released, leaving };
}

/** Who names the unused pools that the steps delete, in words, by the pool's name. */
function whoNames(
  steps: readonly OrderedStep[],
  { pools: live, use }: Snapshot,
  namers: Namers,
  rename: (owner: Owner) => Owner,
): ReadonlyMap<string, string> {
  const pools = new Map(live);
  const deleted: UnusedPools[] = [];
  for (const step of steps) {
    if (step.kind !== KINDS.SpiderIPPool || step.blocked !== undefined) continue;
    if (step.action !== "delete") pools.set(step.name, step.object as SpiderIPPool);
    else if (!use.byPool.has(step.name) && !use.unreadable.has(step.name)) {
      pools.delete(step.name);
      deleted.push({ names: [step.name], nic: nicOf(step.live as SpiderIPPool, rename) });
    }
  }
  if (deleted.length === 0) return new Map();
  const served = new Set([...pools.values()].flatMap((pool) => nicOf(pool, rename) ?? []));
  return new Map(
    [...keptByName(deleted, served, namers)].flatMap(([{ names }, by]) => names.map((name) => [name, by])),
  );
}

/** The NIC and family a pool was made for, under the NIC's new name if it has one; undefined for a pool of no workload. */
function nicOf(pool: SpiderIPPool, rename: (owner: Owner) => Owner): string | undefined {
  const recorded = recordedOwner(pool);
  if (recorded === undefined) return undefined;
  const owner = rename(splitOwner(recorded).owner);
  if (parseNicOwner(owner) === undefined) return undefined;
  return nicAndFamily(owner, pool.spec.subnet.includes(":") ? 6 : 4);
}

function guardPool(
  step: OrderedStep,
  snapshot: Snapshot,
  namedBy: string | undefined,
  released: VerdictEntry[],
  leaving: Omit<LeavingEntry, "waiting">[],
): OrderedStep | undefined {
  const unreadable = snapshot.use.unreadable.get(step.name);
  if (unreadable !== undefined && (step.removed.length > 0 || step.action === "delete")) {
    return hold(step, "in-use", `${unreadable} cannot be read, so nothing may be taken from ${step.name}`);
  }
  const users =
    step.action === "delete"
      ? everyUser(snapshot, step.name, step.removed)
      : holdersOf(snapshot, step.name, step.removed);
  if (users.length === 0 && namedBy === undefined) return step;
  const owner = recordedOwner(step.live as SpiderIPPool);
  if (step.action === "delete" && owner !== undefined && parseNicOwner(splitOwner(owner).owner)) {
    leaving.push({ owner, pool: step.name, addresses: formatRangeSet(step.removed), inUse: users.length });
    return undefined;
  }
  for (const user of users) released.push(entry(user, snapshot, step));
  if (users.length === 0) return hold(step, "in-use", `${namedBy} still names it; take that away first`);
  const told = users.slice(0, 3).map((user) => `${podShown(user.pod)} (${formatAddress(user.address)})`);
  const more = users.length > 3 ? ` and ${users.length - 3} more` : "";
  return hold(step, "in-use", `in use by ${told.join(", ")}${more}`);
}

function guardNetwork(step: OrderedStep, naming: Namers): OrderedStep {
  const by = naming.network(networkOfConfig(step.live as SpiderMultusConfig));
  return by === undefined ? step : hold(step, "in-use", `${by} still names it; take that away first`);
}

/** Everybody who has one of these addresses, whichever pool their record names; ascending. */
export function holdersOf(snapshot: Snapshot, pool: string, addresses: RangeSet): Holder[] {
  if (addresses.length === 0) return [];
  if (size(addresses) > WALK_LIMIT) {
    return (snapshot.use.byPool.get(pool) ?? []).filter((holder) => contains(addresses, holder.address));
  }
  return [...addressesOf(addresses)].flatMap((address) => snapshot.use.byAddress.get(address) ?? []);
}

/** For a delete, records of addresses the pool no longer offers count too. */
function everyUser(snapshot: Snapshot, pool: string, addresses: RangeSet): Holder[] {
  return [...new Set([...holdersOf(snapshot, pool, addresses), ...(snapshot.use.byPool.get(pool) ?? [])])];
}

function entry(user: Holder, snapshot: Snapshot, step: OrderedStep): VerdictEntry {
  const what =
    step.action === "delete" ? "deletes the pool" : `takes ${formatRangeSet(step.removed).join(", ")} from it`;
  return {
    pod: user.pod,
    interface: user.nic,
    address: formatAddress(user.address),
    pool: step.name,
    owner: ownerText(user, snapshot),
    reasons: [
      `${step.name}: the plan ${what}`,
      `${podShown(user.pod)} has ${formatAddress(user.address)} of it now`,
      ...freeing(user, snapshot),
    ],
  };
}

/** How the address of a Pod that is gone or finished gets free: nothing that anybody does to the Pod mends it. */
function freeing({ pod, address }: Holder, snapshot: Snapshot): string[] {
  if (!isOrphaned(snapshot, pod)) return [];
  if (snapshot.use.unrecorded.has(address)) return [deletingThem([pod])];
  return [
    `${podShown(pod)} is gone or has finished: Spiderpool's garbage collection frees its record in some minutes (A23)`,
  ];
}

/** The step, held back. */
export function hold(
  step: OrderedStep,
  type: Block["type"],
  message: string,
  because?: readonly string[],
): OrderedStep {
  return { ...step, blocked: { type, message, ...(because && { because }) } };
}
