import type { Allocation } from "../allocate/allocation.js";
import { ownerInSubnet, parseNicOwner, splitOwner, takeOwner, wholeNic } from "../allocate/owner.js";
import type { OrderedStep } from "../change/order.js";
import type { Tenant } from "../cluster/tenants.js";
import type { Diagnostic } from "../diagnostics.js";
import { formatRangeSet } from "../ip/range-set.js";
import type { LeavingEntry } from "../outcome.js";
import type { Migration, Plan } from "../plan/plan.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import { KINDS } from "../spiderpool/objects.js";
import type { Judgement } from "./impact.js";
import type { Judged } from "./judge.js";

/** `namespace/Kind/name/nic` and the place there, of a pool spiderplan made for a workload: a subnet or `pool:<name>`. */
interface Home {
  readonly nic: string;
  readonly place: string;
}

/** Which pool is whose home, before or after the steps. */
function homes(steps: readonly OrderedStep[], snapshot: Snapshot): (pool: string) => Home | undefined {
  const made = new Map(
    steps
      .filter((step) => step.kind === KINDS.SpiderIPPool && step.action === "create" && !step.blocked)
      .map((step) => [step.name, step.object]),
  );
  return (pool) => {
    const object = snapshot.pools.get(pool) ?? made.get(pool);
    const recorded = object && recordedOwner(object);
    if (recorded === undefined) return undefined;
    const { owner, subnet } = splitOwner(recorded);
    const parts = parseNicOwner(owner);
    if (parts === undefined) return undefined;
    return { nic: wholeNic(owner), place: parts.slice === undefined ? subnet : takeOwner(parts.slice) };
  };
}

/**
 * Lets the owners a migration names move while it drains: to the home it names, and nowhere else (DESIGN 6). Whoever is
 * permitted harms no group; a move of somebody else, or to anywhere else, still does.
 */
export function permitMigrations(
  judged: Judged,
  plan: Plan,
  steps: readonly OrderedStep[],
  snapshot: Snapshot,
): Judged {
  if ((plan.migrations?.size ?? 0) === 0) return judged;
  const homeOf = homes(steps, snapshot);
  const permitted = new Map<Tenant, Migration>();
  for (const judgement of judged.judgements) {
    const migration = permission(judgement, plan, homeOf);
    if (migration !== undefined) permitted.set(judgement.tenant, migration);
  }
  if (permitted.size === 0) return judged;
  return {
    ...judged,
    judgements: judged.judgements.map((one) => {
      const migration = permitted.get(one.tenant);
      return migration === undefined ? one : { ...one, migration };
    }),
    classes: judged.classes.map((one) => ({
      ...one,
      harmed: one.harmed.filter(({ tenant }) => !permitted.has(tenant)),
    })),
  };
}

function permission(
  { effect, tenant, next = [] }: Judgement,
  plan: Plan,
  homeOf: (pool: string) => Home | undefined,
): Migration | undefined {
  if (effect !== "moves") return undefined;
  // With it may come a NIC that has no address yet, and migrates itself.
  const allowed = next.map((pool) => {
    const home = homeOf(pool);
    const migration = plan.migrations?.get(home?.nic ?? "");
    const own = home?.nic.startsWith(`${tenant.workload}/`) ?? false;
    return own && migration?.phase === "drain" && home?.place === migration.to ? migration : undefined;
  });
  return allowed.every((migration) => migration !== undefined) ? allowed[0] : undefined;
}

/** What is permitted, one line a migration; and for moves into a workload's own pools that are not, the entry to write. */
export function tellMigrations(judged: Judged, steps: readonly OrderedStep[], snapshot: Snapshot): Diagnostic[] {
  const homeOf = homes(steps, snapshot);
  const drained = new Map<string, { migration: Migration; pods: Set<string> }>();
  const wanted = new Map<string, Diagnostic>();
  for (const { effect, tenant, next = [], migration } of judged.judgements) {
    if (effect !== "moves") continue;
    if (migration !== undefined) {
      const known = drained.get(migration.owner) ?? { migration, pods: new Set() };
      known.pods.add(tenant.pod);
      drained.set(migration.owner, known);
      continue;
    }
    const nic = `${tenant.workload}/${tenant.nic}`;
    const home = next.map(homeOf).find((one) => one?.nic === nic);
    if (home !== undefined && !wanted.has(nic)) wanted.set(nic, entryToWrite(nic, tenant, home, homeOf));
  }
  return [...[...drained.values()].map(drains), ...wanted.values()];
}

function drains({ migration, pods }: { migration: Migration; pods: ReadonlySet<string> }): Diagnostic {
  const { owner, from, to, ticket, source } = migration;
  const count = pods.size === 1 ? "1 Pod gets" : `${pods.size} Pods get`;
  return {
    code: "SP4203",
    severity: "info",
    message: `${owner} migrates from ${from} to ${to}${ticket === undefined ? "" : ` (${ticket})`}: ${count} another address at the next restart`,
    hint: "restart the Pods when it suits; the old pool goes when nobody is left",
    source,
    about: owner,
  };
}

function entryToWrite(nic: string, tenant: Tenant, to: Home, homeOf: (pool: string) => Home | undefined): Diagnostic {
  const old = homeOf(tenant.pool);
  const from = old?.nic === nic ? old.place : takeOwner(tenant.pool);
  return {
    code: "SP4204",
    severity: "warning",
    message: `the Pods of ${nic} would go from ${from} to ${to.place}, which no migration allows`,
    hint: `if that is wanted: spec.migrations: [{owner: ${nic}, from: ${from}, to: ${to.place}, phase: drain}]`,
    about: nic,
  };
}

/** Pools a migration drains that still have users: they go when nobody is left, by no date. */
export function drainingPools(allocations: readonly Allocation[], snapshot: Snapshot): Omit<LeavingEntry, "waiting">[] {
  return allocations
    .filter(({ draining }) => draining)
    .map(({ owner, subnet, pool, addresses }) => ({
      owner: ownerInSubnet(owner, subnet),
      pool,
      addresses: formatRangeSet(addresses),
      inUse: (snapshot.use.byPool.get(pool) ?? []).length,
    }));
}
