import { isConfinedTo, placementOf } from "../cluster/scheduling.js";
import type { Diagnostic } from "../diagnostics.js";
import type { Affinity, Nic, Plan, Subnet, Workload } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import { liveWorkload } from "./moved.js";
import { nicOwner, type Owner } from "./owner.js";

/** NICs whose StatefulSet could not live with its subnets. */
export interface Zones {
  readonly refused: ReadonlySet<Owner>;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * A19: a StatefulSet's Pod takes its old address back whatever the node affinity of the pool says, so one that may be
 * scheduled to another zone would run there with an address of the first. Over subnets of different node affinity it
 * needs a template that stays in one of them.
 */
export function checkZones(plan: Plan, snapshot: Snapshot): Zones {
  const refused = new Set<Owner>();
  const diagnostics: Diagnostic[] = [];
  for (const workload of plan.workloads.values()) {
    if (workload.kind !== "StatefulSet") continue;
    for (const nic of workload.interfaces.values()) {
      const zones = zonesOf(plan, nic);
      const live = liveWorkload(plan, workload.name, snapshot);
      if (zones.length < 2) continue;
      const placement = placementOf(live);
      if (zones.filter(({ nodes = {} }) => isConfinedTo(nodes, placement, snapshot.nodes)).length === 1) continue;
      // Before the StatefulSet is there, its pools may be: then it is only told.
      if (live !== undefined) refused.add(nicOwner(workload, nic.name));
      diagnostics.push(zonesDiffer(workload, nic, zones, live !== undefined));
    }
  }
  return { refused, diagnostics };
}

/** Subnets of the first family in which several node affinities meet, one for each affinity. */
function zonesOf(plan: Plan, { ask }: Nic): readonly Subnet[] {
  if (ask.type !== "fixed") return [];
  const subnets = ask.subnets.flatMap((key) => plan.subnets.get(key) ?? []);
  const different = [4, 6].map((family) => [
    ...new Map(
      subnets.filter((one) => one.family === family).map((subnet) => [affinityText(subnet.nodes), subnet]),
    ).values(),
  ]);
  return different.find((zones) => zones.length > 1) ?? [];
}

function affinityText(nodes: Affinity | undefined): string {
  return nodes?.names !== undefined ? [...nodes.names].sort().join(",") : JSON.stringify(nodes?.selector ?? {});
}

function zonesDiffer(workload: Workload, nic: Nic, zones: readonly Subnet[], live: boolean): Diagnostic {
  const owner = nicOwner(workload, nic.name);
  return {
    code: "SP4114",
    severity: live ? "error" : "warning",
    message: `${owner} has subnets of different node affinity (${zones.map(({ name }) => name).join(", ")}); a Pod of a StatefulSet takes its address along to any node (A19)`,
    hint: "pin its template to one of them with a nodeSelector or required node affinity, or give the interface one subnet",
    source: nic.source,
    about: owner,
  };
}
