import { isFields } from "./json.js";
import { KEYS, KINDS, type KubeObject, OWN, type OwnerReference } from "./objects.js";
import { JOB_TEMPLATES } from "./pod-template.js";
import { isVast, LIMITS, textFault } from "./text-limits.js";

export { LIMITS } from "./text-limits.js";

/** Whatever is in an annotation of this length costs next to nothing: most texts need not be looked at. */
const SURELY_FINE = 300;

/** What stands in place of a text beyond a limit: no JSON, no name, so that nobody reads anything out of it. */
const UNREADABLE = "[unreadable";

/** The annotations somebody here takes apart. */
const PARSED: readonly string[] = [
  KEYS.ippools,
  KEYS.ippool,
  KEYS.subnets,
  KEYS.subnet,
  KEYS.routes,
  KEYS.networks,
  KEYS.defaultNetwork,
  KEYS.namespaceDefaultV4,
  KEYS.namespaceDefaultV6,
];

const READ_DOMAINS: ReadonlySet<string> = new Set([
  "ipam.spidernet.io",
  "cni.spidernet.io",
  "v1.multus-cni.io",
  "spiderplan.io",
]);

/** What no tenant writes, and what is ours: a quarantine's record alone may be longer than all a tenant may write. */
const NOT_TENANTS: ReadonlySet<string> = new Set([
  KINDS.SpiderSubnet.kind,
  KINDS.SpiderIPPool.kind,
  KINDS.SpiderReservedIP.kind,
  KINDS.SpiderMultusConfig.kind,
  KINDS.Node.kind,
  KINDS.ConfigMap.kind,
]);

/** The annotations that name pools. */
const POOL_NAMES: ReadonlySet<string> = new Set([
  KEYS.ippools,
  KEYS.ippool,
  KEYS.namespaceDefaultV4,
  KEYS.namespaceDefaultV6,
]);

/** The annotations with an item for each NIC. */
const PER_INTERFACE: ReadonlySet<string> = new Set([KEYS.ippools, KEYS.subnets, KEYS.networks]);

type Texts = Readonly<Record<string, string>>;
type Fields = Record<string, unknown>;

/** Whether anybody here reads this annotation of Pods, workloads and Namespaces; others write theirs at any time. */
export function isReadAnnotation(key: string): boolean {
  return key === KEYS.networks || READ_DOMAINS.has(key.slice(0, Math.max(0, key.indexOf("/"))));
}

/** Why an object, or its Pod template, was not read; undefined where it was. */
export function unreadableReason(object: KubeObject | undefined): string | undefined {
  return object?.metadata.annotations?.[OWN.unreadable];
}

/** The object with what is beyond a limit taken out, and with the reason why; most objects come back as they are. */
export function withinLimits(object: KubeObject): KubeObject {
  if (NOT_TENANTS.has(object.kind)) return object;
  if (object.kind === KINDS.SpiderEndpoint.kind) return withFewNics(object);
  if (object.kind === KINDS.NetworkAttachmentDefinition.kind) return withShortConfig(object);
  if (object.kind === KINDS.HorizontalPodAutoscaler.kind) return withShortTarget(object);
  if (object.kind === KINDS.ControllerRevision.kind) return withShortTemplate(object);
  const { metadata, spec } = object;
  const own = metadataFault(metadata, object.kind !== KINDS.Namespace.kind);
  const ownerFault = metadata.ownerReferences?.some(isLongOwner) ? OWNER_FAULT : undefined;
  const specFault = isFields(spec) ? workloadFault(spec) : undefined;
  const reason = own ?? ownerFault ?? specFault;
  if (reason === undefined) return object;
  const annotations = { ...(own === undefined ? metadata.annotations : blanked(metadata.annotations)) };
  annotations[OWN.unreadable] = reason;
  const labels = isMany(metadata.labels) ? {} : metadata.labels;
  const ownerReferences = metadata.ownerReferences?.filter((owner) => !isLongOwner(owner));
  return {
    ...object,
    metadata: { ...metadata, annotations, labels, ...(ownerReferences && { ownerReferences }) },
    ...(specFault && { spec: bounded(spec as Fields) }),
  };
}

const OWNER_FAULT = `the name of its owner has more than ${LIMITS.nameCharacters} characters`;

/** Kubernetes limits neither of them. */
function isLongOwner({ apiVersion, kind, name }: OwnerReference): boolean {
  return [apiVersion, kind, name].some((text) => (text?.length ?? 0) > LIMITS.nameCharacters);
}

/** What an autoscaler with such a target scales cannot exist. */
function withShortTarget(object: KubeObject): KubeObject {
  const target = isFields(object.spec) ? object.spec.scaleTargetRef : undefined;
  const isLong = isFields(target) && Object.values(target).some((text) => String(text).length > LIMITS.nameCharacters);
  return isLong ? { ...object, spec: undefined } : object;
}

/** The template of a revision is what a workload's was. */
function withShortTemplate(object: KubeObject): KubeObject {
  const { data } = object as { data?: unknown };
  const spec = isFields(data) && isFields(data.spec) ? data.spec : undefined;
  return spec === undefined || workloadFault(spec) === undefined
    ? object
    : ({ ...object, data: { spec: bounded(spec) } } as unknown as KubeObject);
}

/** @param total whether all annotations together are limited too: those of a Namespace are not a tenant's alone */
function metadataFault(
  metadata: { annotations?: Texts; labels?: Texts } | undefined,
  total: boolean,
): string | undefined {
  if (isMany(metadata?.labels)) return `it has more than ${LIMITS.labels} labels`;
  const annotations = metadata?.annotations;
  if (!annotations) return undefined;
  let characters = 0;
  if (total) for (const key in annotations) if (isReadAnnotation(key)) characters += annotations[key]!.length;
  if (characters > LIMITS.annotationCharacters)
    return `its annotations have more than ${LIMITS.annotationCharacters} characters`;
  for (const key of PARSED) {
    const text = annotations[key];
    if (text === undefined || text.length <= SURELY_FINE) continue;
    if (text.length > LIMITS.annotationCharacters)
      return `annotation ${key} has more than ${LIMITS.annotationCharacters} characters`;
    const fault = textFault(text, {
      ...LIMITS,
      nameCharacters: POOL_NAMES.has(key) ? LIMITS.nameCharacters : text.length,
      interfaces: PER_INTERFACE.has(key) ? LIMITS.interfaces : LIMITS.values,
    });
    if (fault !== undefined) return `annotation ${key} has ${fault}`;
  }
  return undefined;
}

function workloadFault(spec: Fields): string | undefined {
  const { template } = spec;
  const inner = [...jobSpecs(spec), ...(isFields(template) ? jobSpecs(template) : [])];
  const [deeper] = inner.flatMap(([, jobs]) => workloadFault(jobs.spec) ?? []);
  if (deeper !== undefined) return deeper;
  const metadata = isFields(template) && isFields(template.metadata) ? template.metadata : undefined;
  return (
    metadataFault(metadata, true) ??
    termsFault(spec, READ) ??
    (isFields(template) && isFields(template.spec) ? termsFault(template.spec, PLACEMENT) : undefined)
  );
}

const PLACEMENT = ["nodeName", "nodeSelector", "affinity", "tolerations"] as const;

/** What of a workload's spec is read beside its template. */
export const WORKLOAD_FIELDS = [
  "selector",
  "replicas",
  "parallelism",
  "ordinals",
  "strategy",
  "updateStrategy",
  "paused",
  "workloadRef",
] as const;

/** Of a workload itself: a custom resource may have anything in them. */
const READ = [...WORKLOAD_FIELDS, ...PLACEMENT];

function termsFault(spec: Fields, keys: readonly string[]): string | undefined {
  const key = keys.find((one) => spec[one] !== undefined && isVast(spec[one]));
  return key && `its ${key} has more than ${LIMITS.terms} values`;
}

/** A workload's spec that nobody can read: no annotations, no labels, no placement, only how many Pods it asks for. */
function bounded(spec: Fields): Fields {
  const { template } = spec;
  const left = { ...without(spec, READ), ...boundedJobs(spec) };
  if (!isFields(template)) return left;
  const metadata = isFields(template.metadata) ? template.metadata : {};
  const annotations = blanked(metadata.annotations as Texts | undefined);
  const labels = isMany(metadata.labels as Texts | undefined) ? {} : metadata.labels;
  const inner = isFields(template.spec) ? without(template.spec, PLACEMENT) : template.spec;
  const read = { metadata: { ...metadata, annotations, labels }, spec: inner, ...boundedJobs(template) };
  return { ...left, template: { ...template, ...read } };
}

/** The templates of Jobs in a spec, or in the `template` of an AdvancedCronJob, by their key. */
function jobSpecs(spec: Fields): [key: string, jobs: { spec: Fields }][] {
  return JOB_TEMPLATES.flatMap((key): [string, { spec: Fields }][] => {
    const jobs = spec[key];
    return isFields(jobs) && isFields(jobs.spec) ? [[key, { ...jobs, spec: jobs.spec }]] : [];
  });
}

function boundedJobs(spec: Fields): Fields {
  return Object.fromEntries(jobSpecs(spec).map(([key, jobs]) => [key, { ...jobs, spec: bounded(jobs.spec) }]));
}

/** The spec without those of the fields that are beyond the limit. */
function without(spec: Fields, keys: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(spec).filter(([key, value]) => !keys.includes(key) || !isVast(value)));
}

function blanked(annotations: Texts | undefined): Record<string, string> {
  const read = Object.keys(annotations ?? {}).filter(isReadAnnotation);
  return Object.fromEntries(
    read
      .filter((key) => PARSED.includes(key) || annotations![key]!.length <= SURELY_FINE)
      .slice(0, LIMITS.labels)
      .map((key) => [key, PARSED.includes(key) ? UNREADABLE : annotations![key]!]),
  );
}

function isMany(labels: Texts | undefined): boolean {
  let count = 0;
  for (const _key in labels) if (++count > LIMITS.labels) return true;
  return false;
}

function withShortConfig(object: KubeObject): KubeObject {
  const config = isFields(object.spec) ? object.spec.config : undefined;
  if (typeof config !== "string" || config.length <= SURELY_FINE) return object;
  const fault =
    config.length > LIMITS.configCharacters
      ? `more than ${LIMITS.configCharacters} characters`
      : textFault(config, {
          values: LIMITS.values,
          depth: 2 * LIMITS.depth,
          interfaces: LIMITS.values,
          nameCharacters: LIMITS.configCharacters,
        });
  if (fault === undefined) return object;
  const annotations = { ...object.metadata.annotations, [OWN.unreadable]: `its config has ${fault}` };
  return { ...object, metadata: { ...object.metadata, annotations }, spec: { config: UNREADABLE } };
}

function withFewNics(object: KubeObject): KubeObject {
  const { status } = object as { status?: { current?: { ips?: readonly unknown[] } } };
  const ips = status?.current?.ips;
  if (!Array.isArray(ips) || ips.length <= LIMITS.nics) return object;
  const annotations = { ...object.metadata.annotations, [OWN.unreadable]: `it has more than ${LIMITS.nics} NICs` };
  const current = { ...status!.current, ips: ips.slice(0, LIMITS.nics) };
  return { ...object, metadata: { ...object.metadata, annotations }, status: { ...status, current } } as KubeObject;
}
