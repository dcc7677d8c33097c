import type { KubeObject } from "../../core/spiderpool/objects.js";

type Spec = Record<string, unknown>;

const ROLLING = { maxSurge: "25%", maxUnavailable: "25%" };

/** Defaults an API server fills into the kinds of Kubernetes itself; only those something here reads. */
export function withDefaults(object: KubeObject): KubeObject {
  const defaults = DEFAULTS[object.kind];
  return defaults === undefined ? object : { ...object, ...defaults(object) };
}

const DEFAULTS: Readonly<Record<string, (object: KubeObject) => Partial<KubeObject>>> = {
  Namespace: (object) => ({
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name },
    },
    spec: { finalizers: ["kubernetes"], ...(object.spec as Spec | undefined) },
    status: { phase: "Active", ...(object.status as Spec | undefined) },
  }),
  Pod: (object) => ({
    spec: podSpec(object.spec as Spec),
    status: { phase: "Pending", ...(object.status as Spec | undefined) },
  }),
  Deployment: (object) => {
    const spec = object.spec as Spec;
    const strategy = (spec.strategy ?? {}) as { type?: string; rollingUpdate?: object };
    return {
      spec: {
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        ...spec,
        strategy:
          strategy.type === "Recreate"
            ? { type: "Recreate" }
            : { type: "RollingUpdate", rollingUpdate: { ...ROLLING, ...strategy.rollingUpdate } },
        template: template(spec),
      },
    };
  },
  ReplicaSet: (object) => ({
    spec: { replicas: 1, ...(object.spec as Spec), template: template(object.spec as Spec) },
  }),
  StatefulSet: (object) => ({
    spec: {
      replicas: 1,
      podManagementPolicy: "OrderedReady",
      revisionHistoryLimit: 10,
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      ...(object.spec as Spec),
      template: template(object.spec as Spec),
    },
  }),
  DaemonSet: (object) => ({
    spec: {
      revisionHistoryLimit: 10,
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      ...(object.spec as Spec),
      template: template(object.spec as Spec),
    },
  }),
  Job: (object) => ({
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      ...(object.spec as Spec),
      template: template(object.spec as Spec),
    },
  }),
};

function template(spec: Spec): Spec {
  const given = (spec?.template ?? {}) as Spec;
  return { ...given, spec: podSpec(given.spec as Spec | undefined) };
}

function podSpec(spec: Spec | undefined): Spec {
  return {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    securityContext: {},
    ...spec,
  };
}

const WORKLOADS = new Set(["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"]);

/** What an API server would refuse about a kind of Kubernetes itself; only what spiderplan's users may get wrong. */
export function faultsOf(object: KubeObject, old: KubeObject | undefined): string[] {
  const faults: string[] = [];
  if (WORKLOADS.has(object.kind)) {
    const spec = (object.spec ?? {}) as {
      selector?: { matchLabels?: Record<string, string> };
      template?: { metadata?: { labels?: Record<string, string> } };
    };
    const wanted = spec.selector?.matchLabels ?? {};
    const labels = spec.template?.metadata?.labels ?? {};
    if (spec.selector === undefined) faults.push("spec.selector: Required value");
    if (Object.entries(wanted).some(([key, value]) => labels[key] !== value)) {
      faults.push("spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`");
    }
    const before = (old?.spec as typeof spec | undefined)?.selector;
    if (before !== undefined && JSON.stringify(before) !== JSON.stringify(spec.selector)) {
      faults.push("spec.selector: Invalid value: field is immutable");
    }
  }
  if (object.kind === "Pod" && old !== undefined) {
    const node = (o: KubeObject) => (o.spec as { nodeName?: string }).nodeName;
    if (node(old) !== undefined && node(object) !== node(old)) {
      faults.push("spec.nodeName: Forbidden: pod updates may not change fields other than the image and tolerations");
    }
  }
  return faults;
}
