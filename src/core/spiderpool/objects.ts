/** Kubernetes' object metadata, as far as spiderplan reads or writes it. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: ManagedFields[];
}

/** Who wrote which fields of an object, and when last. */
export interface ManagedFields {
  manager?: string;
  operation?: string;
  time?: string;
  subresource?: string;
  fieldsV1?: object;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Any object of the Kubernetes API. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
  data?: Record<string, string>;
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface Route {
  dst: string;
  gw: string;
}

/** S8, S9. */
export interface SpiderSubnet extends KubeObject {
  spec: {
    subnet: string;
    ipVersion?: number;
    ips?: string[];
    excludeIPs?: string[];
    gateway?: string;
    routes?: Route[];
  };
  status?: { controlledIPPools?: string; totalIPCount?: number; allocatedIPCount?: number };
}

/** S10, S11. */
export interface SpiderIPPool extends KubeObject {
  spec: {
    subnet: string;
    ipVersion?: number;
    ips?: string[];
    excludeIPs?: string[];
    gateway?: string;
    routes?: Route[];
    podAffinity?: LabelSelector;
    namespaceAffinity?: LabelSelector;
    nodeAffinity?: LabelSelector;
    namespaceName?: string[];
    nodeName?: string[];
    multusName?: string[];
    default?: boolean;
    disable?: boolean;
  };
  status?: { allocatedIPs?: string; totalIPCount?: number; allocatedIPCount?: number };
}

/** S12. */
export interface SpiderReservedIP extends KubeObject {
  spec: { ipVersion?: number; ips?: string[] };
}

/** S14; the block of each CNI type is passed through as written. */
export interface SpiderMultusConfig extends KubeObject {
  spec: Record<string, unknown> & { cniType?: string };
}

/** One NIC of an endpoint (S13, T4, T5). */
export interface EndpointIP {
  interface: string;
  ipv4?: string;
  ipv6?: string;
  ipv4Pool?: string;
  ipv6Pool?: string;
  ipv4Gateway?: string;
  ipv6Gateway?: string;
  vlan?: number;
  cleanGateway?: boolean;
  routes?: Route[];
}

/** S13. */
export interface SpiderEndpoint extends KubeObject {
  status?: {
    current?: { uid: string; node: string; ips: EndpointIP[] };
    ownerControllerType?: string;
    ownerControllerName?: string;
  };
}

/** How the API names a kind. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export const SPIDERPOOL_GROUP = "spiderpool.spidernet.io";
const SPIDERPOOL = `${SPIDERPOOL_GROUP}/v2beta1`; // S1

const kind = (apiVersion: string, name: string, plural: string, namespaced: boolean): Kind => ({
  apiVersion,
  kind: name,
  plural,
  namespaced,
});

/** Every kind spiderplan reads or writes, by kind name. */
export const KINDS = {
  SpiderSubnet: kind(SPIDERPOOL, "SpiderSubnet", "spidersubnets", false),
  SpiderIPPool: kind(SPIDERPOOL, "SpiderIPPool", "spiderippools", false),
  SpiderReservedIP: kind(SPIDERPOOL, "SpiderReservedIP", "spiderreservedips", false),
  SpiderEndpoint: kind(SPIDERPOOL, "SpiderEndpoint", "spiderendpoints", true),
  SpiderMultusConfig: kind(SPIDERPOOL, "SpiderMultusConfig", "spidermultusconfigs", true),
  SpiderCoordinator: kind(SPIDERPOOL, "SpiderCoordinator", "spidercoordinators", false),
  NetworkAttachmentDefinition: kind(
    "k8s.cni.cncf.io/v1",
    "NetworkAttachmentDefinition",
    "network-attachment-definitions",
    true,
  ),
  Namespace: kind("v1", "Namespace", "namespaces", false),
  Node: kind("v1", "Node", "nodes", false),
  Pod: kind("v1", "Pod", "pods", true),
  ConfigMap: kind("v1", "ConfigMap", "configmaps", true),
  Event: kind("v1", "Event", "events", true),
  Deployment: kind("apps/v1", "Deployment", "deployments", true),
  ReplicaSet: kind("apps/v1", "ReplicaSet", "replicasets", true),
  StatefulSet: kind("apps/v1", "StatefulSet", "statefulsets", true),
  DaemonSet: kind("apps/v1", "DaemonSet", "daemonsets", true),
  Job: kind("batch/v1", "Job", "jobs", true),
  CronJob: kind("batch/v1", "CronJob", "cronjobs", true),
  HorizontalPodAutoscaler: kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true),
  VirtualMachine: kind("kubevirt.io/v1", "VirtualMachine", "virtualmachines", true),
  VirtualMachineInstance: kind("kubevirt.io/v1", "VirtualMachineInstance", "virtualmachineinstances", true),
  ControllerRevision: kind("apps/v1", "ControllerRevision", "controllerrevisions", true),
  CloneSet: kind("apps.kruise.io/v1alpha1", "CloneSet", "clonesets", true),
  Lease: kind("coordination.k8s.io/v1", "Lease", "leases", true),
  Secret: kind("v1", "Secret", "secrets", true),
  PlanSync: kind("spiderplan.io/v1alpha1", "PlanSync", "plansyncs", true),
} as const satisfies Record<string, Kind>;

/** Annotations and labels of Spiderpool and Multus (S17-S30). */
export const KEYS = {
  finalizer: "spiderpool.spidernet.io",
  poolCidr: "ipam.spidernet.io/ippool-cidr",
  subnetCidr: "ipam.spidernet.io/subnet-cidr",
  ownerSubnet: "ipam.spidernet.io/owner-spider-subnet",
  poolSize: "ipam.spidernet.io/ippool-ip-number",
  ownerApplicationName: "ipam.spidernet.io/owner-application-name",
  ippools: "ipam.spidernet.io/ippools",
  ippool: "ipam.spidernet.io/ippool",
  subnets: "ipam.spidernet.io/subnets",
  subnet: "ipam.spidernet.io/subnet",
  routes: "ipam.spidernet.io/routes",
  namespaceDefaultV4: "ipam.spidernet.io/default-ipv4-ippool",
  namespaceDefaultV6: "ipam.spidernet.io/default-ipv6-ippool",
  defaultNetwork: "v1.multus-cni.io/default-network",
  networks: "k8s.v1.cni.cncf.io/networks",
  podName: "statefulset.kubernetes.io/pod-name",
} as const;

/** spiderplan's own marks (DESIGN 4). */
export const OWN = {
  managedByLabel: "app.kubernetes.io/managed-by",
  managedBy: "spiderplan",
  trackingId: "spiderplan.io/tracking-id",
  owner: "spiderplan.io/owner",
  meta: "spiderplan.io/meta",
  applied: "spiderplan.io/applied",
  anchorLabel: "spiderplan.io/anchor",
  quarantine: "spiderplan.io/quarantine",
  /** Why what stands on an object is not read (limits.ts); in memory only. */
  unreadable: "spiderplan.io/unreadable",
  promised: "spiderplan.io/promised",
  /** `disabled` or `confirm`, written by people on an object that must not just vanish with its part of the plan. */
  prune: "spiderplan.io/prune",
  deletionApproved: "spiderplan.io/deletion-approved",
  /** Of a Secret: URLs of the repositories it was made for, so that a PlanSync cannot send it to others. */
  repositories: "spiderplan.io/repositories",
  fieldManager: "spiderplan",
  statusManager: "spiderplan-status",
  writerLease: "spiderplan-writer",
} as const;

/** `<Kind> <namespace>/<name>`, or `<Kind> <name>` for a cluster-scoped object: how people and maps name an object. */
export function objectKey(kindName: string, namespace: string | undefined, name: string): string {
  return namespace ? `${kindName} ${namespace}/${name}` : `${kindName} ${name}`;
}

/** Whether Spiderpool made and sizes this pool for an application; never ours to touch (S29, G11). */
export function isAutoPool(pool: SpiderIPPool): boolean {
  return pool.metadata.labels?.[KEYS.ownerApplicationName] !== undefined;
}

/** Whether the object is being deleted and only its finalizers keep it. */
export function isTerminating(object: KubeObject): boolean {
  return Boolean(object.metadata.deletionTimestamp);
}

/** What a reference or an object says of its kind. */
type KindRef = Pick<OwnerReference, "apiVersion" | "kind">;

/** The API group of an object or a reference; "" for the core group. */
export function groupOf({ apiVersion }: Pick<KindRef, "apiVersion">): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}

/** Whether it is this kind of this group, in whatever version: a StatefulSet of apps is not one of apps.kruise.io (Z1). */
export function isKind(ref: KindRef, group: string, kind: string): boolean {
  return ref.kind === kind && groupOf(ref) === group;
}

/** A kind as owners spell it: those outside apps and batch carry their group, no version (DESIGN 1). */
export function kindText(ref: KindRef): string {
  const group = groupOf(ref);
  return group === "" || group === "apps" || group === "batch" ? ref.kind : `${ref.kind}.${group}`;
}

/** The reference that says who controls an object. */
export function controllerOf(object: KubeObject | undefined): OwnerReference | undefined {
  return object?.metadata.ownerReferences?.find((reference) => reference.controller);
}
