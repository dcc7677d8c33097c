import type { KubeObject, ObjectMeta } from "../../src/core/spiderpool/objects.js";

type Fields = Record<string, unknown>;

/** The object as it stands in a cluster where everybody writes into it what spiderplan does not read. */
export function noisy(object: KubeObject): KubeObject {
  const { metadata, spec, status } = object;
  const noise = NOISE[object.kind] ?? (isTemplated(spec) ? workload : nothing);
  const more = noise(object);
  const spoiled: KubeObject = { ...object, metadata: { ...noisyMetadata(metadata), ...more.metadata } };
  if (spec !== undefined || more.spec !== undefined) spoiled.spec = { ...(spec as Fields), ...more.spec };
  if (status !== undefined || more.status !== undefined) spoiled.status = { ...more.status, ...(status as Fields) };
  return spoiled;
}

interface Noise {
  readonly metadata?: Partial<ObjectMeta>;
  readonly spec?: Fields;
  readonly status?: Fields;
}

const nothing = (): Noise => ({});

const MANAGED = ["kubectl-client-side-apply", "kube-controller-manager", "multus"].map((manager) => ({
  manager,
  operation: "Update",
  apiVersion: "v1",
  time: "2026-11-22T00:00:00Z",
  fieldsType: "FieldsV1",
  fieldsV1: { "f:metadata": { "f:annotations": { ".": {}, "f:a": {} }, "f:labels": { ".": {}, "f:app": {} } } },
}));

function noisyMetadata(metadata: ObjectMeta): ObjectMeta {
  const applied = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ metadata }) };
  return {
    generation: 7,
    creationTimestamp: "2026-11-01T00:00:00Z",
    ...metadata,
    annotations: { ...metadata.annotations, ...applied },
    managedFields: MANAGED,
  };
}

const CONTAINER = {
  name: "main",
  image: "registry.example/app:1.2.3",
  env: Array.from({ length: 12 }, (_, i) => ({ name: `VARIABLE_${i}`, value: `value of variable ${i}` })),
  resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
  volumeMounts: [{ name: "token", mountPath: "/var/run/secrets", readOnly: true }],
  livenessProbe: { httpGet: { path: "/healthz", port: 8080 }, periodSeconds: 10 },
};
const POD_SPEC = {
  containers: [CONTAINER, { ...CONTAINER, name: "sidecar" }],
  volumes: [{ name: "token", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }],
  serviceAccountName: "default",
  restartPolicy: "Always",
  dnsPolicy: "ClusterFirst",
};
const AGENTS = {
  "k8s.v1.cni.cncf.io/network-status": JSON.stringify([{ name: "kube-system/net", ips: ["10.6.0.1"], default: true }]),
  "cni.projectcalico.org/podIP": "10.233.0.1/32",
};
const CONDITIONS = ["Initialized", "ContainersReady", "PodScheduled"].map((type) => ({
  type,
  status: "True",
  lastProbeTime: null,
  lastTransitionTime: "2026-11-22T00:00:00Z",
}));

function isTemplated(spec: unknown): boolean {
  const { template, jobTemplate } = (spec ?? {}) as Fields;
  return template !== undefined || jobTemplate !== undefined;
}

function workload({ metadata, spec }: KubeObject): Noise {
  const { template, jobTemplate } = (spec ?? {}) as { template?: Fields; jobTemplate?: { spec?: Fields } };
  const annotations = { ...noisyMetadata(metadata).annotations, "deployment.kubernetes.io/revision": "3" };
  const own = jobTemplate?.spec?.template as Fields | undefined;
  return {
    metadata: { annotations },
    spec: {
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      ...(template && { template: noisyTemplate(template) }),
      ...(jobTemplate && {
        jobTemplate: { ...jobTemplate, spec: { ...jobTemplate.spec, ...(own && { template: noisyTemplate(own) }) } },
      }),
    },
    status: { observedGeneration: 7, readyReplicas: 1, conditions: CONDITIONS },
  };
}

function noisyTemplate(template: Fields): Fields {
  const metadata = template.metadata as ObjectMeta | undefined;
  const restarted = { "kubectl.kubernetes.io/restartedAt": "2026-11-22T00:00:00Z" };
  return {
    ...template,
    ...(metadata && { metadata: { ...metadata, annotations: { ...metadata.annotations, ...restarted } } }),
    spec: { ...POD_SPEC, ...(template.spec as Fields | undefined) },
  };
}

const NOISE: Readonly<Record<string, (object: KubeObject) => Noise>> = {
  Pod: ({ metadata, spec }) => ({
    metadata: { annotations: { ...noisyMetadata(metadata).annotations, ...AGENTS } },
    spec: { ...POD_SPEC, ...(spec as Fields) },
    status: { phase: "Running", conditions: CONDITIONS, containerStatuses: [{ name: "main" }] },
  }),
  Node: ({ metadata, status }) => ({
    metadata: { annotations: { ...noisyMetadata(metadata).annotations, "node.alpha.kubernetes.io/ttl": "0" } },
    spec: { podCIDR: "10.233.0.0/24", providerID: "x" },
    status: {
      ...(status as Fields),
      images: [{ names: ["registry.example/app:1.2.3"], sizeBytes: 1 }],
      nodeInfo: { kubeletVersion: "v1.30.0" },
    },
  }),
  Namespace: () => ({ spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } }),
};
