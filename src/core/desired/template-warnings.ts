import { namingsOf } from "../cluster/references.js";
import type { Diagnostic } from "../diagnostics.js";
import type { Plan } from "../plan/plan.js";
import { podTemplate, type Snapshot } from "../snapshot.js";
import { globMatch, literalPrefix, namesWithPrefix } from "../spiderpool/ipam/glob.js";
import type { KubeObject } from "../spiderpool/objects.js";
import { anchorName } from "./anchor.js";
import { compareTemplate, templateAnnotations } from "./annotations.js";
import type { Binding } from "./binding.js";

/** Live templates that do not say what the plan needs them to say; only those nobody writes for the user (DESIGN 4). */
export function compareTemplates(
  plan: Plan,
  snapshot: Snapshot,
  binding: Binding,
  planned: Iterable<string>,
): Diagnostic[] {
  const found: Diagnostic[] = [];
  let pools: readonly string[] | undefined;
  for (const workload of plan.workloads.values()) {
    const live = snapshot.workloads.get(workload.name);
    if (live === undefined || workload.annotate) continue;
    const annotations = podTemplate(live)?.metadata?.annotations ?? {};
    const expected = templateAnnotations(plan, workload, binding);
    const differences = compareTemplate(expected, annotations, workload.namespace);
    if (differences.length === 0) continue;
    pools ??= [...new Set([...snapshot.pools.keys(), ...planned])].sort();
    const vain = wantsPods(live) ? namesNoPool(live, pools) : undefined;
    if (vain !== undefined) {
      found.push({
        code: "SP2607",
        severity: "warning",
        message: `new Pods of ${workload.name} get no address: its Pod template names ${vain}, and there is no such pool`,
        hint: `put the lines of \`spiderplan annotations ${workload.name}\` into its Pod template: a renamed workload's pools keep their names`,
        source: workload.source,
        about: workload.name,
      });
      continue;
    }
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

/**
 * What the template names for one NIC and family where not one pool has such a name: the anchor then makes the Pod fail (A5).
 * @param pools names in order
 */
function namesNoPool(workload: KubeObject, pools: readonly string[]): string | undefined {
  for (const { names } of namingsOf(workload)) {
    for (const family of [4, 6] as const) {
      const given = family === 4 ? names.v4 : names.v6;
      const own = given.filter((name) => name !== anchorName(family));
      const hits = (name: string) =>
        namesWithPrefix(pools, literalPrefix(name)).some(
          (pool) => globMatch(name, pool) && pool !== anchorName(family),
        );
      if (own.length > 0 && given.length > own.length && !own.some(hits))
        return own.slice(0, 3).join(", ").slice(0, 300);
    }
  }
  return undefined;
}

function wantsPods({ spec }: KubeObject): boolean {
  return (spec as { replicas?: number } | undefined)?.replicas !== 0;
}
