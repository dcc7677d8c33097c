import { workloadKey } from "../core/cluster/workload-of.js";
import { compareTemplate, templateAnnotations } from "../core/desired/annotations.js";
import type { Binding } from "../core/desired/binding.js";
import type { Plan, Workload } from "../core/plan/plan.js";
import { podTemplate } from "../core/snapshot.js";
import type { KubeObject } from "../core/spiderpool/objects.js";

/** What one rendered workload says otherwise than the plan. */
export interface ManifestVerdict {
  readonly file: string;
  readonly workload: string;
  readonly differences: readonly string[];
}

/**
 * Judges rendered manifests; those of workloads that are not asked for are passed over.
 * A manifest without a namespace counts for every planned workload of its kind and name: `kubectl apply -n` fills it in.
 */
export function manifestVerdicts(
  plan: Plan,
  workloads: readonly Workload[],
  binding: Binding,
  file: string,
  documents: readonly unknown[],
): ManifestVerdict[] {
  return documents.flatMap(objectsOf).flatMap((object) => {
    const key = workloadKey(object);
    const annotations = podTemplate(object)?.metadata?.annotations ?? {};
    return workloads
      .filter((one) => one.name === key || (object.metadata.namespace === undefined && one.name.endsWith(key)))
      .map((one) => ({
        file,
        workload: one.name,
        differences: compareTemplate(templateAnnotations(plan, one, binding), annotations, one.namespace),
      }));
  });
}

function objectsOf(document: unknown): KubeObject[] {
  if (typeof document !== "object" || document === null) return [];
  const { items, kind, apiVersion, metadata } = document as Record<string, unknown>;
  if (Array.isArray(items)) return items.flatMap(objectsOf);
  const named =
    typeof metadata === "object" && metadata !== null && typeof (metadata as KubeObject["metadata"]).name === "string";
  return named && typeof kind === "string" && typeof apiVersion === "string" ? [document as KubeObject] : [];
}
