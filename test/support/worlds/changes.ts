import type { PlanRun } from "../../../src/app/plan-run.js";
import type { Lock } from "../../../src/core/allocate/allocation.js";
import { hasErrors } from "../../../src/core/diagnostics.js";
import { formatRangeSet, subtract, union } from "../../../src/core/ip/range-set.js";
import { OWN, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { everyAddress, offeredBy } from "./addresses.js";
import { heldBy } from "./agent.js";
import type { Before, CheckContext } from "./checks.js";
import type { Violation } from "./findings.js";
import { endpointsOf, type Objects, poolsOf, recordsOf } from "./objects.js";
import { cidrOf, type FixedModel, fixedKey, hasOrdinals, type Migration, wishesOf } from "./plan-model.js";
import type { Permission } from "./restarts.js";
import { ownerOf } from "./standing.js";

/** Who migrates may be served by its own new pool, once it drains, and by no other. */
export function permission(objects: Objects, context: CheckContext): Permission {
  return (pod, pool) =>
    draining(context).some(({ one, migration }) => {
      const { namespace } = pod.metadata;
      const own =
        pod.metadata.labels?.app === `w${one.workload}` && fixedKey(one, context.workloads).startsWith(`${namespace}/`);
      const live = poolsOf(objects).get(pool);
      return own && live !== undefined && isHome(live, one, migration.to, context);
    });
}

/**
 * What a migration leaves is disabled, and gone when nobody is left; where it goes there is an address for each Pod. A
 * workload with a new name keeps every pool.
 */
export function changesLeft(before: Before, objects: Objects, run: PlanRun, context: CheckContext): Violation[] {
  const { outcome } = run.decided!;
  if (context.restarted || hasErrors(run.diagnostics) || outcome.steps.some((step) => step.blocked !== undefined))
    return [];
  const found: Violation[] = [];
  const fail = (invariant: string, message: string) => found.push({ invariant, message });
  const pools = [...poolsOf(objects).values()];
  for (const { one, migration } of draining(context)) {
    // Until the ticket is done there is nowhere to go.
    if (one.pending) continue;
    for (const pool of pools.filter((each) => one.slice === undefined && isHome(each, one, migration.from, context))) {
      const { name } = pool.metadata;
      if (pool.spec.disable !== true) fail("migration", `${name} is drained and not disabled`);
      const old = poolsOf(before.objects).get(name);
      // What a template names stays (DESIGN 6), and its pattern names the last pool of its NIC when the plan has none for it.
      const family = (each: SpiderIPPool) => each.spec.subnet.includes(":");
      const others = pools.filter((each) => isOf(each, one, context) && family(each) === family(pool) && each !== pool);
      const spare = hasOrdinals(one, context.workloads[one.workload]!.kind) ? 0 : one.elastic;
      if (one.replicas + spare === 0 && others.every((each) => !isUsed(objects, each))) continue;
      if (old !== undefined && !isUsed(before.objects, old) && !isUsed(objects, pool))
        fail("migration", `${name} is drained, nobody is left, and it stays`);
    }
  }
  for (const one of context.model.fixed) {
    // Where it is already, it does not go; without a Pod nothing is new.
    const known = one.replicas === 0 || one.subnets.includes(one.migration?.to ?? -1);
    if (!one.present || one.migration === undefined || one.pending || known) continue;
    const homes = pools.filter((pool) => isHome(pool, one, one.migration!.to, context));
    const count = homes.reduce((sum, pool) => sum + offeredBy(pool).length, 0);
    if (count < one.replicas) fail("migration", `${one.name} has ${count} new addresses for ${one.replicas} Pods`);
    // An ordinal beyond the plan's replicas leaves: its pool stays as it is.
    const beyond = (pool: SpiderIPPool) => Number(/\.(\d+)$/.exec(pool.metadata.name)?.[1] ?? -1) >= one.replicas;
    for (const pool of homes.filter((each) => !beyond(each)))
      if ((pool.spec.disable === true) !== (one.migration.phase === "prepare"))
        fail(
          "migration",
          `${pool.metadata.name} is ${pool.spec.disable ? "disabled" : "open"} in ${one.migration.phase}`,
        );
  }
  return found;
}

/** A workload that is new gets what it wishes for, or is told that it cannot have it; and so many as it asks for. */
export function wishesGranted(before: Before, objects: Objects, run: PlanRun, context: CheckContext): Violation[] {
  const { outcome } = run.decided!;
  if (context.restarted || hasErrors(run.diagnostics) || outcome.steps.some((step) => step.blocked !== undefined))
    return [];
  return context.model.fixed.flatMap((one) => {
    const asks = one.wish !== undefined || one.perSubnet !== undefined;
    if (!one.present || one.pending || one.slice !== undefined || one.migration !== undefined || !asks) return [];
    const home = (world: Objects) =>
      [...poolsOf(world).values()].filter((pool) => isHome(pool, one, one.subnets[0]!, context));
    if (home(before.objects).length > 0) return [];
    const offers = home(objects).flatMap(offeredBy);
    const { kind } = context.workloads[one.workload]!;
    const wished = hasOrdinals(one, kind) ? [] : wishesOf(context.model, one);
    const missing = wished.filter((address) => !offers.includes(address));
    const found = missing.map((address) => ({
      invariant: "wish",
      message: `${one.name} did not get ${address}, and nobody said so`,
    }));
    const enough = one.perSubnet === undefined || offers.length >= Math.max(one.perSubnet, wished.length);
    if (enough) return found;
    return [
      ...found,
      { invariant: "perSubnet", message: `${one.name} has ${offers.length} addresses, not ${one.perSubnet}` },
    ];
  });
}

/** What a fixed owner gains while it waits for a ticket is offered to nobody. */
export function pendingOffered(before: Before, objects: Objects, context: CheckContext): Violation[] {
  return context.model.fixed
    .filter((one) => one.present && one.pending)
    .flatMap((one) => {
      const owner = `${fixedKey({ ...one, name: `w${one.workload}` }, context.workloads)}/${one.nic}`;
      const own = (world: Objects) => [...poolsOf(world).values()].filter((pool) => ownerOf(pool)?.startsWith(owner));
      const now = own(objects);
      // A pool that had lost our marks is the owner's as it was, and adopted so.
      const unmarked = now.flatMap(({ metadata: { name } }) => poolsOf(before.objects).get(name) ?? []);
      // What the lock held before the mark came is no gain.
      const had = new Set([...[...own(before.objects), ...unmarked].flatMap(offeredBy), ...heldUnmarked(before.lock)]);
      const fresh = now.flatMap(offeredBy).filter((address) => !had.has(address));
      if (fresh.length === 0) return [];
      return [{ invariant: "pending", message: `${fresh.join()} of ${owner} is offered though it waits for a ticket` }];
    });
}

/** Every address that a lock promises to a fixed owner. */
export function heldAddresses(lock: Lock): string[] {
  return [...lock.subnets.values()].flatMap(({ held }) =>
    [...held]
      .filter(([owner]) => !owner.startsWith("pool:"))
      .flatMap(([, set]) => formatRangeSet(set))
      .flatMap((text) => everyAddress([text])),
  );
}

function heldUnmarked(lock: Lock): string[] {
  return [...lock.subnets.values()].flatMap(({ held, pending }) => {
    const marked = union(...(pending?.values() ?? []));
    return [...held.values()]
      .flatMap((set) => formatRangeSet(subtract(set, marked)))
      .flatMap((text) => everyAddress([text]));
  });
}

function draining({ model }: CheckContext): { one: FixedModel; migration: Migration }[] {
  return model.fixed.flatMap((one) =>
    one.present && one.migration?.phase === "drain" ? [{ one, migration: one.migration }] : [],
  );
}

function isUsed(objects: Objects, pool: SpiderIPPool): boolean {
  const held = [...endpointsOf(objects).values()].some((endpoint) =>
    heldBy(endpoint).some((one) => one.pool === pool.metadata.name),
  );
  return held || Object.keys(recordsOf(pool)).length > 0;
}

/** Whether a pool is the workload's own in a subnet, or one ordinal's. */
function isHome(pool: SpiderIPPool, one: FixedModel, subnet: number, context: CheckContext): boolean {
  return isOf(pool, one, context) && pool.spec.subnet === cidrOf(context.model.subnets[subnet]!);
}

/** Whether a pool belongs to the NIC, wherever it is. */
function isOf(pool: SpiderIPPool, one: FixedModel, { workloads }: CheckContext): boolean {
  const owner = pool.metadata.annotations?.[OWN.owner] ?? "";
  return owner.startsWith(`${fixedKey(one, workloads)}/${one.nic}/`) && !owner.includes("pool:");
}
