import { child, type Diagnostic } from "../diagnostics.js";
import type { NicAsk, Plan, Workload } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import { firstOrdinal } from "./bound.js";
import { liveWorkload } from "./moved.js";
import { nicOwner } from "./owner.js";

/** How many ordinals a NIC asks addresses for in a subnet: a StatefulSet has no surge, so `auto` asks for nothing more. */
export function ordinalCount(ask: Extract<NicAsk, { type: "fixed" }>, subnet: string, bound: number): number {
  return ask.perSubnet?.get(subnet) ?? bound + (ask.elastic === "auto" ? 0 : ask.elastic);
}

/**
 * Addresses wished for ordinals that the StatefulSet does not have: nobody would ever get them. Where it is not known
 * with which ordinal it begins (`ordinals.start`) only what fits no beginning is an error.
 * @param snapshot undefined where no cluster is looked at
 */
export function checkOrdinals(plan: Plan, snapshot?: Snapshot): Diagnostic[] {
  const sets = [...plan.workloads.values()].filter(({ bound }) => bound !== undefined);
  return sets.flatMap((workload) => {
    const live = snapshot && liveWorkload(plan, workload.name, snapshot);
    const known = live !== undefined || snapshot?.complete.has(workload.kind) === true;
    return strayOrdinals(workload, firstOrdinal(live), known);
  });
}

function strayOrdinals(workload: Workload, start: number, known: boolean): Diagnostic[] {
  return [...workload.interfaces.values()].flatMap((nic): Diagnostic[] => {
    const { ask, name } = nic;
    if (ask.type !== "fixed" || ask.perPod === undefined || ask.perPod.size === 0) return [];
    const subnets = ask.subnets.length > 0 ? ask.subnets : [""];
    const counts = subnets.map((subnet) => ordinalCount(ask, subnet, workload.bound!));
    const count = counts.reduce((most, one) => Math.max(most, one), 0);
    const wished = [...ask.perPod.keys()];
    const stray = wished.filter((ordinal) => ordinal < start || ordinal >= start + count);
    const [first] = stray;
    // A set that sleeps keeps its wishes for when it wakes.
    if (first === undefined || count === 0) return [];
    const [lowest = 0, ...others] = [...wished].sort((a, b) => a - b);
    const fits = (others.at(-1) ?? lowest) - lowest < count;
    const also = stray.length === 1 ? "" : ` (and ${stray.length - 1} more)`;
    const hint = "raise replicas, or give the address to an ordinal there is";
    return [
      {
        code: "SP2052",
        severity: known || !fits ? "error" : "warning",
        message: `perPod: ${workload.name} has no ordinal ${first}${also}: with ${workload.bound} replicas its ordinals are ${start} to ${start + count - 1}`,
        hint: known ? hint : `${hint}; with \`ordinals.start\` in the StatefulSet, plan and lock need the cluster`,
        source: child(nic.source, "fixed", "perPod", String(first)),
        about: nicOwner(workload, name),
      },
    ];
  });
}
