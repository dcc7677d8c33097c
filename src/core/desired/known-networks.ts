import type { Diagnostic, SourceRef } from "../diagnostics.js";
import type { Plan } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";

/**
 * Networks the plan points at that neither it nor the cluster has (DESIGN 4): a warning, and at `sync` an error for a
 * NIC's own network once all networks of the cluster are known.
 */
export function unknownNetworks(plan: Plan, snapshot: Snapshot, purpose: "plan" | "sync"): Diagnostic[] {
  const complete = snapshot.complete.has("SpiderMultusConfig") && snapshot.complete.has("NetworkAttachmentDefinition");
  const known = (name: string) =>
    plan.networks.has(name) || snapshot.multusConfigs.has(name) || snapshot.networkAttachments.has(name);
  const found: Diagnostic[] = [];
  const report = (name: string, severity: "warning" | "error", source: SourceRef, about: string): void => {
    if (known(name)) return;
    found.push({
      code: "SP2605",
      severity,
      message: `network ${name} is neither in the plan nor ${complete ? "in the cluster" : "in what is known of the cluster"}`,
      hint: "add it to spec.networks, or create its SpiderMultusConfig or NetworkAttachmentDefinition",
      source,
      about,
    });
  };
  for (const workload of plan.workloads.values()) {
    for (const nic of workload.interfaces.values()) {
      const severity = purpose === "sync" && complete ? "error" : "warning";
      if (nic.network !== undefined) report(nic.network, severity, nic.source, workload.name);
    }
  }
  for (const subnet of plan.subnets.values()) {
    for (const name of subnet.networks) report(name, "warning", subnet.source, `subnet:${subnet.name}`);
  }
  for (const pool of plan.pools.values()) {
    for (const name of pool.networks) report(name, "warning", pool.source, `pool:${pool.name}`);
  }
  return found;
}
