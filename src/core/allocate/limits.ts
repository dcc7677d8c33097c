import type { Diagnostic } from "../diagnostics.js";
import { addressesText } from "../ip/amount.js";
import type { Nic, Plan, Workload } from "../plan/plan.js";
import { MAX_RECORDS } from "../spiderpool/ipam/allocate.js";
import type { KubeObject } from "../spiderpool/objects.js";
import { autoElastic } from "./bound.js";
import { type Origin, originsOf } from "./origins.js";
import { ownerShown } from "./owner.js";

/** Ordinals with an address of their own are a pool each; a whole cluster of Kubernetes' largest size has 150,000 Pods. */
const MOST_ORDINALS = 20_000;

/**
 * Whether a NIC asks for more than can be, by arithmetic alone: anybody who may scale a workload writes these numbers, so
 * nothing is expanded by them before (FIXED-6).
 * @param bound the most Pods the workload may have
 * @returns what is too much, for this owner only; undefined where the numbers are such that they can be looked at
 */
export function beyondLimits(
  plan: Plan,
  workload: Workload,
  nic: Nic,
  bound: number,
  live: KubeObject | undefined,
): Diagnostic | undefined {
  const { ask } = nic;
  if (ask.type !== "fixed") return undefined;
  const pinned = ask.perPod !== undefined;
  const surge = pinned ? 0 : autoElastic(workload.kind, bound, live);
  const elastic = ask.elastic === "auto" ? surge : ask.elastic;
  for (const origin of originsOf(plan, workload, nic)) {
    const asked = ask.perSubnet?.get(origin.subnet.name);
    const count = asked ?? bound + elastic;
    const reason = asked === undefined ? `${bound} replicas + ${elastic} elastic` : `${asked} asked for`;
    if (pinned && count > MOST_ORDINALS) {
      const message = `${addressesText(count)} (${reason}); at most ${MOST_ORDINALS} Pods can have one each`;
      return tooMany(nic, origin, message, "ask for fewer, or write `perPod: false`");
    }
    // A rollout that at most doubles the Pods is ordinary: it takes what the pool has, and goes on as Pods leave.
    const ordinary = ask.elastic === "auto" && asked === undefined && bound <= MAX_RECORDS && elastic <= bound;
    if (!pinned && count > MAX_RECORDS && !ordinary) {
      const message = `${addressesText(count)} (${reason}); Spiderpool records at most ${MAX_RECORDS} in a pool (F4)`;
      return tooMany(nic, origin, message, "ask for fewer, or split the workload");
    }
  }
  return undefined;
}

function tooMany(nic: Nic, { owner, subnet }: Origin, message: string, hint: string): Diagnostic {
  return {
    code: "SP3107",
    severity: "error",
    message: `${ownerShown(owner, subnet.name)} needs ${message}`,
    hint,
    source: nic.source,
    about: owner,
  };
}
