import type { KubeObject } from "../../core/spiderpool/objects.js";

/** The `Scale` of a workload, what `kubectl scale` reads and writes. */
export function scaleOf(object: KubeObject): object {
  const spec = (object.spec ?? {}) as { replicas?: number; selector?: { matchLabels?: Record<string, string> } };
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec.replicas ?? 0 },
    status: {
      replicas: (object.status as { replicas?: number } | undefined)?.replicas ?? 0,
      selector: Object.entries(spec.selector?.matchLabels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
    },
  };
}

/** The workload with the replicas of a changed `Scale`; its preconditions are the Scale's. */
export function scaled(object: KubeObject, scale: unknown): KubeObject {
  const { spec, metadata } = scale as { spec?: { replicas?: number }; metadata?: { resourceVersion?: string } };
  return {
    ...object,
    metadata: { ...object.metadata, resourceVersion: metadata?.resourceVersion ?? object.metadata.resourceVersion },
    spec: { ...(object.spec as object), replicas: spec?.replicas ?? 0 },
  };
}
