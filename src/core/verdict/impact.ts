import type { Asking } from "../cluster/asking.js";
import type { Tenant } from "../cluster/tenants.js";
import { formatAddress } from "../ip/address.js";
import type { VerdictEntry } from "../outcome.js";
import type { Migration } from "../plan/plan.js";
import { nicsOfPod } from "../spiderpool/ipam/nics.js";
import type { PodFacts } from "../spiderpool/ipam/pod-facts.js";
import { restarted } from "./after.js";
import { type Crowding, isNoTighter } from "./competition.js";
import type { Scene } from "./replay.js";
import type { Crowd } from "./rivals.js";
import { type Standing, standingOf } from "./standing.js";

/** What a change does to one tenant at its next restart (DESIGN 6). */
export type Effect = "stays" | "moves" | "strands" | "in danger already";

/** The effect on one tenant, with its chain of reasons. */
export interface Judgement {
  readonly tenant: Tenant;
  readonly effect: Effect;
  readonly reasons: readonly string[];
  /** `moves`: the pools that would serve it instead. */
  readonly next?: readonly string[];
  /** `moves`: the migration that allows it. */
  readonly migration?: Migration;
}

/**
 * Compares what a tenant gets before and after a change, for every choice Spiderpool may make among equals (A12).
 * @param changesOf what the plan does to a pool, in words
 */
export function judgeTenant(
  tenant: Tenant,
  before: { scene: Scene; crowd: Crowd },
  after: { scene: Scene; crowd: Crowd },
  changesOf: (pool: string) => readonly string[],
): Judgement {
  const [pod, podAfter] = [tenant.facts, restarted(tenant, before.scene.snapshot, after.scene.snapshot)];
  const was = standingOf(before.scene, tenant, pod);
  const will = standingOf(after.scene, tenant, podAfter);
  const judged = (effect: Effect, ...reasons: string[]): Judgement => ({
    tenant,
    effect,
    reasons: effect === "stays" ? [] : [...causes(tenant, was, will, changesOf), ...reasons],
  });
  const movedTo = (moves: readonly Move[]): Judgement => {
    const reasons = moves.map(
      ({ nic, before, fresh }) => `after that ${fresh.join(" or ")} serves ${nic}; before, ${before.join(" or ")} did`,
    );
    return { ...judged("moves", ...reasons), next: moves.flatMap(({ fresh }) => fresh) };
  };
  const leaves = leaving(tenant, before.scene, after.scene, podAfter);
  if (leaves !== undefined)
    return was.outcome.failure === undefined
      ? judged("strands", leaves)
      : judged("in danger already", was.outcome.failure);
  if (will.keepsOwn && will.outcome.beside === undefined) return judged("stays");
  const moved = movesBeside(was, will).filter(({ fresh }) => fresh.length > 0);
  const fails = will.outcome.failure !== undefined && !will.outcome.silent;
  if (was.outcome.silent && isServedBeside(was) && (fails || moved.length > 0)) {
    // Its address is lost with or without the change; what else its Pod starts with is not.
    return fails ? judged("strands", will.outcome.failure!) : movedTo(moved);
  }
  if (was.outcome.failure !== undefined)
    return judged(will.outcome.failure ? "in danger already" : "stays", was.outcome.failure);
  if (will.outcome.failure !== undefined) return judged("strands", will.outcome.failure);
  const assumed = will.outcome.assumed.filter((fact) => fact === NETWORK && !was.outcome.assumed.includes(fact));
  if (assumed.length > 0)
    return judged("strands", `nobody knows ${NETWORK}, so the new multusName may shut it out (A9)`);
  const crowd = after.crowd(tenant);
  if (crowd !== undefined && isNews(before.crowd(tenant), crowd)) return judged("strands", crowd.reason);
  if (was.keepsOwn && !will.keepsOwn) {
    const next = will.outcome.pools;
    const lost = next.includes(tenant.pool) ? "the pool of another of its NICs" : tenant.pool;
    const why = `${lost} is no candidate any more, so it gives its address back and gets one of ${next.join(" or ")} (A19)`;
    return { ...judged("moves", why), next };
  }
  const own = will.keepsOwn ? [] : [ownMove(tenant, was, will)].filter(({ fresh }) => fresh.length > 0);
  const moves = [...own, ...moved];
  return moves.length === 0 ? judged("stays") : movedTo(moves);
}

/** Whether its Pod starts with an address that it has not got yet. */
function isServedBeside({ outcome }: Standing): boolean {
  return outcome.beside?.some(({ pools }) => pools.length > 0) === true;
}

/** Why its next start leaves Spiderpool, which then frees the address; undefined if it does not (FIXED-8). */
function leaving({ facts, nic }: Tenant, before: Scene, after: Scene, next: PodFacts | undefined): string | undefined {
  if (facts === undefined || next === undefined || nic === "") return undefined;
  const [was, will] = [before.asking(facts, nic), after.asking(next, nic)];
  if (isGone(was, will)) return networkGone(nic);
  if (was.asks === "no" || will.asks !== "no") return undefined;
  return nicsOfPod(next)?.has(nic) === false
    ? `the template has no ${nic} any more, so its address is given back`
    : asksNoMore(nic);
}

/** Whether what made the network of a NIC is there no more. */
export function isGone(was: Asking, will: Asking): boolean {
  return was.ipam === "spiderpool" && will.ipam === "absent";
}

/** Why nobody starts on a network that is gone. */
export function networkGone(nic: string): string {
  return `the network of ${nic} is gone, so no Pod on it can start`;
}

/** Why a NIC gets no address of Spiderpool. */
export function asksNoMore(nic: string): string {
  return `the network of ${nic} does not ask Spiderpool for an address, so the one it has is lost`;
}

/** What serves a NIC before, and what may serve it afterwards that could not before. */
interface Move {
  readonly nic: string;
  readonly before: readonly string[];
  readonly fresh: readonly string[];
}

function ownMove({ nic }: Tenant, was: Standing, will: Standing): Move {
  return { nic, before: was.outcome.pools, fresh: newcomers(was.outcome.pools, will.outcome.pools) };
}

/** Where nobody could play all histories, the count decides against the change: rather one alarm too many. */
function isNews(before: Crowding | undefined, after: Crowding): boolean {
  return before === undefined || !(before.proven || isNoTighter(before, after));
}

function newcomers(before: readonly string[], after: readonly string[]): string[] {
  return after.filter((pool) => !before.includes(pool));
}

/** The same in what it asks for besides and does not hold yet; where it was not served before is a gain, not a move. */
function movesBeside(was: Standing, will: Standing): Move[] {
  return (will.outcome.beside ?? []).flatMap(({ nic, family, pools }) => {
    const before = was.outcome.beside?.find((one) => one.nic === nic && one.family === family)?.pools ?? [];
    return before.length === 0 ? [] : [{ nic, before, fresh: newcomers(before, pools) }];
  });
}

/** The verdict's entry for a judgement. */
export function entryOf({ tenant, reasons, migration }: Judgement): VerdictEntry {
  return {
    pod: tenant.pod,
    interface: tenant.nic,
    address: formatAddress(tenant.address),
    pool: tenant.pool,
    owner: tenant.owner,
    reasons,
    ...(migration && { migration: `${migration.from} -> ${migration.to}` }),
  };
}

const NETWORK = "the cluster's default network";

/** What the plan changes about the pools this tenant had or will have. */
function causes(
  tenant: Tenant,
  was: Standing,
  will: Standing,
  changesOf: (pool: string) => readonly string[],
): string[] {
  const beside = [was, will].flatMap(({ outcome }) => outcome.beside ?? []);
  const pools = new Set([
    ...[tenant.pool, ...was.outcome.eligible.flat(), ...will.outcome.pools, ...(will.outcome.failing ?? [])],
    ...beside.flatMap((one) => one.eligible.flat()),
  ]);
  return [...pools].sort().flatMap((pool) => changesOf(pool).map((change) => `${pool}: ${change}`));
}
