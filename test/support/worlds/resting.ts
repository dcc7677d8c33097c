import type { PlanRun } from "../../../src/app/plan-run.js";
import { hasErrors } from "../../../src/core/diagnostics.js";
import { OWN } from "../../../src/core/spiderpool/objects.js";
import { offeredBy } from "./addresses.js";
import type { Before } from "./checks.js";
import type { Violation } from "./findings.js";
import { type Objects, poolsOf } from "./objects.js";
import { type PlanModel, subnetsOf } from "./plan-model.js";
import { ownerOf, reservedAll } from "./standing.js";

/** What the worlds' plans ask for when they ask for any: an hour. */
export const QUARANTINE = 3_600_000;

/** Which addresses rest, seen from outside: what left a fixed owner's pool by our hand (FIXED-2). */
export class Resting {
  readonly #since = new Map<string, { readonly owner: string; readonly at: number }>();

  /** Nobody else may be offered what rests, as long as it does. */
  afterSync(before: Before, objects: Objects, keeper: { readonly model: PlanModel }, now: number): Violation[] {
    if (keeper.model.quarantine === "0") return [];
    const reserved = reservedAll(objects);
    const offers = new Map<string, { pool: string; owner: string | undefined }>();
    for (const pool of poolsOf(objects).values()) {
      if (pool.metadata.annotations?.[OWN.trackingId] === undefined) continue;
      for (const address of offeredBy(pool)) offers.set(address, { pool: pool.metadata.name, owner: ownerOf(pool) });
    }
    for (const pool of poolsOf(before.objects).values()) {
      const owner = ownerOf(pool);
      if (owner === undefined) continue;
      for (const address of offeredBy(pool)) {
        if (offers.get(address)?.owner !== owner) this.#since.set(address, { owner, at: before.time });
      }
    }
    const found: Violation[] = [];
    for (const [address, { owner, at }] of this.#since) {
      const offer = offers.get(address);
      if (offer?.owner === owner || now - at >= QUARANTINE) this.#since.delete(address);
      else if (offer !== undefined && !reserved.has(address))
        found.push({
          invariant: "FIXED-2",
          message: `${address}, released by ${owner} ${Math.round((now - at) / 60_000)} minutes ago, is offered by ${offer.pool}`,
        });
    }
    return found;
  }
}

/** Owner -> addresses of every fixed owner of an install, as text. */
export function holdingsOf(objects: Objects, install: string): Map<string, string> {
  const found = new Map<string, string[]>();
  for (const pool of poolsOf(objects).values()) {
    const { [OWN.owner]: owner, [OWN.trackingId]: id } = pool.metadata.annotations ?? {};
    if (owner !== undefined && id?.startsWith(`${install}:`) && !owner.startsWith("pool:"))
      found.set(owner, [...(found.get(owner) ?? []), ...offeredBy(pool)]);
  }
  return new Map([...found].map(([owner, all]) => [owner, all.sort().join(" ")]));
}

/** Whether a fixed owner wants more than before, or is another one: what then shrinks again, from its end, may give back another (DESIGN 5). */
export function grows(before: PlanModel, next: PlanModel): boolean {
  return next.fixed.some((one, index) => {
    const old = before.fixed[index]!;
    const more =
      one.replicas + one.elastic > old.replicas + old.elastic ||
      one.wish !== old.wish ||
      one.perSubnet !== old.perSubnet;
    const renamed = one.name !== old.name;
    // What comes back is held, but waits like any gain.
    return more || renamed || one.pending === true || subnetsOf(one).some((subnet) => !subnetsOf(old).includes(subnet));
  });
}

/** FIXED-5: where nobody else meddled and nothing else is held back, our own order is one Spiderpool accepts. */
export function ownConflicts(run: PlanRun): Violation[] {
  const { outcome } = run.decided ?? {};
  if (outcome === undefined || hasErrors(run.diagnostics) || outcome.verdict.leaving.length > 0) return [];
  const held = outcome.steps.filter((step) => step.blocked !== undefined);
  if (held.some((step) => step.blocked?.type !== "conflict" && step.blocked?.type !== "depends")) return [];
  return held
    .filter((step) => step.blocked?.type === "conflict")
    .map((step) => ({ invariant: "FIXED-5", message: `${step.action} ${step.name}: ${step.blocked?.message}` }));
}
