import { withTemplateOf } from "../core/cluster/template-reference.js";
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
  manifests: readonly { readonly file: string; readonly documents: readonly unknown[] }[],
): ManifestVerdict[] {
  const found = manifests.flatMap(({ file, documents }) => {
    const objects = documents.flatMap(objectsOf);
    const inFile = byKey(objects);
    return objects.map((object) => ({ file, inFile, object }));
  });
  const all = byKey(found.map(({ object }) => object));
  return found.flatMap(({ file, inFile, object }) => {
    const key = workloadKey(object);
    const template = podTemplate(withTemplateOf(object, inFile) ?? withTemplateOf(object, all) ?? object);
    const annotations = template?.metadata?.annotations ?? {};
    return workloads
      .filter((one) => one.name === key || (object.metadata.namespace === undefined && one.name.endsWith(key)))
      .map((one) => ({
        file,
        workload: one.name,
        differences: compareTemplate(templateAnnotations(plan, one, binding), annotations, one.namespace),
      }));
  });
}

function byKey(objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> {
  return new Map(objects.map((object) => [workloadKey(object), object]));
}

function objectsOf(document: unknown): KubeObject[] {
  if (typeof document !== "object" || document === null) return [];
  const { items, kind, apiVersion, metadata } = document as Record<string, unknown>;
  if (Array.isArray(items)) return items.flatMap(objectsOf);
  const named =
    typeof metadata === "object" && metadata !== null && typeof (metadata as KubeObject["metadata"]).name === "string";
  return named && typeof kind === "string" && typeof apiVersion === "string" ? [document as KubeObject] : [];
}
