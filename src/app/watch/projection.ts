import { isDone, isKeptForHistory } from "../../core/cluster/lifecycle.js";
import { isFields } from "../../core/spiderpool/json.js";
import { isReadAnnotation, WORKLOAD_FIELDS, withinLimits } from "../../core/spiderpool/limits.js";
import { KINDS, type KubeObject, type ObjectMeta, type SpiderEndpoint } from "../../core/spiderpool/objects.js";
import { JOB_TEMPLATES } from "../../core/spiderpool/pod-template.js";

/** The parts of an object beside its metadata. */
type Parts = Pick<KubeObject, "spec" | "status" | "data">;
type Fields = Readonly<Record<string, unknown>>;

/** What is kept of a kind: all of it but bookkeeping, or what the core reads. */
interface Kept {
  readonly metadata: (metadata: ObjectMeta, object: KubeObject) => Fields;
  readonly parts: (object: KubeObject) => Parts;
}

/**
 * An object reduced to what the core reads of its kind: a cache of 50,000 Pods must fit into memory, and what nobody
 * reads must not count as a change. Deciding on projections gives the same outcome as on whole objects.
 */
export function project(whole: KubeObject): KubeObject {
  const object = withinLimits(whole);
  const kept = KEPT.get(object.kind) ?? WORKLOAD;
  const { apiVersion, kind } = object;
  const metadata = compact(kept.metadata(object.metadata, object)) as unknown as ObjectMeta;
  return compact({ apiVersion, kind, metadata, ...kept.parts(object) }) as unknown as KubeObject;
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Spiderpool's own objects: what we write and what its admission looks at. */
const WHOLE: Kept = {
  metadata: ({ annotations, ...rest }) => {
    const { managedFields: _fields, generation: _generation, creationTimestamp: _time, ...metadata } = rest;
    return { ...metadata, annotations: only(annotations, (key) => key !== LAST_APPLIED) };
  },
  parts: ({ spec, status, data }) => ({ spec, status, data }),
};

/** Whatever has a Pod template, but of those kept for their history, by the dozen, only whose they are. */
const WORKLOAD: Kept = {
  metadata: (metadata) => written(metadata),
  parts: (object) => {
    const { kind, spec, status } = object;
    if (isKeptForHistory(object)) return { spec: pick(spec, ["replicas"]) };
    if (isDone(object) && isControlled(object.metadata)) return { status: workloadStatus(kind, status) };
    return { spec: workloadSpec(spec), status: workloadStatus(kind, status) };
  },
};

const KEPT: ReadonlyMap<string, Kept> = new Map<string, Kept>([
  [KINDS.SpiderSubnet.kind, WHOLE],
  [KINDS.SpiderIPPool.kind, WHOLE],
  [KINDS.SpiderReservedIP.kind, WHOLE],
  [KINDS.SpiderMultusConfig.kind, WHOLE],
  [
    KINDS.NetworkAttachmentDefinition.kind,
    { metadata: attachmentMetadata, parts: ({ spec }) => ({ spec: pick(spec, ["config"]) }) },
  ],
  [KINDS.ConfigMap.kind, WHOLE],
  [
    KINDS.SpiderEndpoint.kind,
    { metadata: endpointMetadata, parts: (object) => ({ status: endpointStatus(object as SpiderEndpoint) }) },
  ],
  [
    KINDS.Namespace.kind,
    {
      metadata: (metadata) => ({ ...written(metadata), deletionTimestamp: metadata.deletionTimestamp }),
      parts: ({ status }) => ({ status: namespaceStatus(status) }),
    },
  ],
  [KINDS.Node.kind, { metadata: (metadata) => ({ ...named(metadata), labels: metadata.labels }), parts: nodeParts }],
  [
    KINDS.Pod.kind,
    {
      metadata: (metadata) => ({ ...identified(metadata), deletionTimestamp: metadata.deletionTimestamp }),
      parts: ({ spec, status }) => ({ spec: pick(spec, ["nodeName", "hostNetwork"]), status: podStatus(status) }),
    },
  ],
  [
    KINDS.VirtualMachineInstance.kind,
    {
      metadata: (metadata) => ({ ...identified(metadata), deletionTimestamp: metadata.deletionTimestamp }),
      parts: () => ({}),
    },
  ],
  [
    KINDS.HorizontalPodAutoscaler.kind,
    { metadata: named, parts: ({ spec }) => ({ spec: pick(spec, ["scaleTargetRef", "maxReplicas"]) }) },
  ],
]);

function named({ name, namespace }: ObjectMeta): Fields {
  return { name, namespace };
}

function identified(metadata: ObjectMeta): Fields {
  const { uid, labels, annotations } = metadata;
  const ownerReferences = isControlled(metadata) ? controllers(metadata) : undefined;
  return { ...named(metadata), uid, labels, annotations: only(annotations, isReadAnnotation), ownerReferences };
}

/** Of what spiderplan patches: a write carries the version it was decided on. */
function written(metadata: ObjectMeta): Fields {
  return { ...identified(metadata), resourceVersion: metadata.resourceVersion };
}

/** Whose it is, by its kind alone (X8): tenants write the rest, and nobody reads it. */
function attachmentMetadata(metadata: ObjectMeta): Fields {
  const made = metadata.ownerReferences?.filter(({ kind }) => kind === KINDS.SpiderMultusConfig.kind) ?? [];
  const annotations = only(metadata.annotations, isReadAnnotation);
  return { ...named(metadata), annotations, ownerReferences: made.length > 0 ? made : undefined };
}

function isControlled({ ownerReferences }: ObjectMeta): boolean {
  return ownerReferences?.some((owner) => owner.controller) ?? false;
}

function controllers({ ownerReferences = [] }: ObjectMeta): unknown {
  return ownerReferences
    .filter((owner) => owner.controller)
    .map(({ apiVersion, kind, name, uid }) => ({ apiVersion, kind, name, uid, controller: true }));
}

/** Undefined where nothing is left. */
function only(
  annotations: Readonly<Record<string, string>> | undefined,
  wanted: (key: string) => boolean,
): Fields | undefined {
  const found = Object.entries(annotations ?? {}).filter(([key]) => wanted(key));
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

function workloadSpec(spec: unknown): Fields | undefined {
  if (!isFields(spec)) return undefined;
  const kept = pick(spec, WORKLOAD_FIELDS);
  return compact({ ...kept, template: template(spec.template), ...jobs(spec) });
}

function jobs(spec: Fields): Fields {
  const found = JOB_TEMPLATES.map((key) => {
    const value = spec[key];
    return [key, isFields(value) ? compact({ spec: workloadSpec(value.spec) }) : undefined];
  });
  return compact(Object.fromEntries(found));
}

/** Of a Pod template: who its Pods are, where they may run, and that it is one. */
function template(value: unknown): Fields | undefined {
  if (!isFields(value)) return undefined;
  const { labels, annotations } = (value.metadata ?? {}) as ObjectMeta;
  const metadata = value.metadata && compact({ labels, annotations: only(annotations, isReadAnnotation) });
  const { affinity, ...placed } = pick(value.spec, PLACED) ?? {};
  const containers = isFields(value.spec) && Array.isArray(value.spec.containers) ? NONE : undefined;
  const spec = compact({ ...placed, affinity: pick(affinity, ["nodeAffinity"]), containers });
  return compact({ metadata, spec, ...jobs(value) });
}

/** That there are containers says that it is a Pod's template; which they are changes nothing. */
const NONE: readonly unknown[] = [];

const PLACED = ["nodeName", "nodeSelector", "tolerations", "affinity", "hostNetwork"];

/** Only whether it goes away. */
function namespaceStatus(status: unknown): Fields | undefined {
  const phase = pick(status, ["phase"]);
  return phase?.phase === "Terminating" ? phase : undefined;
}

/** Of whom how many run, which revision is in force, and what is done. */
function workloadStatus(kind: string, status: unknown): Fields | undefined {
  if (kind === KINDS.Job.kind) return ends(status);
  if (kind === KINDS.StatefulSet.kind) return pick(status, ["currentRevision", "updateRevision"]);
  return kind === KINDS.DaemonSet.kind ? pick(status, ["desiredNumberScheduled"]) : undefined;
}

/** Of a Job only whether it is done. */
function ends(status: unknown): Fields | undefined {
  const conditions = isFields(status) && Array.isArray(status.conditions) ? (status.conditions as Fields[]) : [];
  const found = conditions
    .filter(({ type }) => type === "Complete" || type === "Failed")
    .map((condition) => pick(condition, ["type", "status"]));
  return found.length > 0 ? { conditions: found } : undefined;
}

/** Whether a Pod is over, and which addresses it runs with: what it reports besides changes all the time. */
function podStatus(status: unknown): Fields | undefined {
  const { phase, podIP, podIPs } = isFields(status) ? status : {};
  const ended = phase === "Succeeded" || phase === "Failed";
  const addresses = Array.isArray(podIPs) ? podIPs : podIP ? [{ ip: podIP }] : undefined;
  const kept = compact({ phase: ended ? phase : undefined, podIPs: ended ? undefined : addresses });
  return Object.keys(kept).length > 0 ? kept : undefined;
}

/** Only those of StatefulSets tell something by whom they belong to (Z1). */
function endpointMetadata(metadata: ObjectMeta, object: KubeObject): Fields {
  const { ownerControllerType } = (object as SpiderEndpoint).status ?? {};
  if (ownerControllerType !== KINDS.StatefulSet.kind) return named(metadata);
  const pods = metadata.ownerReferences?.filter(({ kind }) => kind === KINDS.Pod.kind) ?? [];
  return { ...named(metadata), ownerReferences: pods.length > 0 ? pods : undefined };
}

function nodeParts({ spec, status }: KubeObject): Parts {
  const conditions = isFields(status) && Array.isArray(status.conditions) ? (status.conditions as Fields[]) : undefined;
  const ready = conditions
    ?.filter(({ type }) => type === "Ready")
    .map((condition) => pick(condition, ["type", "status"]));
  return { spec: pick(spec, ["unschedulable", "taints"]), status: ready?.length ? { conditions: ready } : undefined };
}

function endpointStatus({ status }: SpiderEndpoint): Fields | undefined {
  if (status === undefined) return undefined;
  const current = status.current && {
    ...pick(status.current, ["uid", "node"]),
    ips: status.current.ips?.map((ip) => pick(ip, ["interface", "ipv4", "ipv6", "ipv4Pool", "ipv6Pool"])),
  };
  const { ownerControllerType, ownerControllerName } = status;
  return compact({ current, ownerControllerType, ownerControllerName });
}

/** Undefined where nothing is left. */
function pick(value: unknown, keys: readonly string[]): Fields | undefined {
  if (!isFields(value)) return undefined;
  const kept: Record<string, unknown> = {};
  for (const key of keys) if (value[key] !== undefined) kept[key] = value[key];
  return Object.keys(kept).length > 0 ? kept : undefined;
}

function compact(fields: Fields): Fields {
  const kept: Record<string, unknown> = {};
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key];
  return kept;
}
