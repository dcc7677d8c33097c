import type { Diagnostic } from "../diagnostics.js";
import type { Plan } from "../plan/plan.js";
import { podTemplate, type Snapshot } from "../snapshot.js";
import { compareTemplate, templateAnnotations } from "./annotations.js";
import type { Binding } from "./binding.js";

/** Live templates that do not say what the plan needs them to say; only those nobody writes for the user (DESIGN 4). */
export function compareTemplates(plan: Plan, snapshot: Snapshot, binding: Binding): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const workload of plan.workloads.values()) {
    const live = snapshot.workloads.get(workload.name);
    if (live === undefined || workload.annotate) continue;
    const annotations = podTemplate(live)?.metadata?.annotations ?? {};
    const expected = templateAnnotations(plan, workload, binding);
    const differences = compareTemplate(expected, annotations, workload.namespace);
    if (differences.length === 0) continue;
    found.push({
      code: "SP2604",
      severity: "warning",
      message: `the Pod template of ${workload.name} does not name its pools: ${differences.join("; ")}`,
      hint: `put the lines of \`spiderplan annotations ${workload.name}\` into its Pod template, or set annotate: true`,
      source: workload.source,
      about: workload.name,
    });
  }
  return found;
}
