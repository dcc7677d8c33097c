import { isFields } from "./json.js";
import { KEYS, KINDS, type KubeObject, OWN } from "./objects.js";

/**
 * The most that is read of what tenants write on Pods, workloads, Namespaces and net-attach-defs. Kubernetes itself takes
 * 256 KiB of annotations and about 1.5 MiB of an object, with any number of labels, names and items in it; what one NIC of
 * an honest Pod needs is a few hundred characters. Beyond a limit the object is unreadable: it is judged on the addresses
 * its Pods hold, names nothing, and a warning says so; everything else goes on.
 */
export const LIMITS = {
  /** Of all annotations of one object that anybody here reads. */
  annotationCharacters: 32_768,
  /** Of the configuration of one net-attach-def. */
  configCharacters: 65_536,
  /** Names, items and other values of one annotation. */
  values: 2_000,
  /** Names with a wildcard in one annotation: each is compared with every pool. */
  patterns: 100,
  /** Lists and objects inside one another. */
  depth: 16,
  /** A label's key has at most 317 characters, its value 63; Kubernetes does not count them. */
  labels: 256,
  /** Values of one selector, node selector, affinity or list of tolerations. */
  terms: 2_000,
  /** NICs of one SpiderEndpoint. */
  nics: 256,
} as const;

/** No annotation of this length can pass another limit: most texts need not be looked at. */
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
  const { metadata, spec } = object;
  const own = metadataFault(metadata, object.kind !== KINDS.Namespace.kind);
  const specFault = isFields(spec) ? workloadFault(spec) : undefined;
  const reason = own ?? specFault;
  if (reason === undefined) return object;
  const annotations = { ...(own === undefined ? metadata.annotations : blanked(metadata.annotations)) };
  annotations[OWN.unreadable] = reason;
  const labels = isMany(metadata.labels) ? {} : metadata.labels;
  return {
    ...object,
    metadata: { ...metadata, annotations, labels },
    ...(specFault && { spec: bounded(spec as Fields) }),
  };
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
    const fault = textFault(text);
    if (fault !== undefined) return `annotation ${key} has ${fault}`;
  }
  return undefined;
}

function workloadFault(spec: Fields): string | undefined {
  const inner = isFields(spec.jobTemplate) ? spec.jobTemplate.spec : undefined;
  const nested = isFields(inner) ? workloadFault(inner) : undefined;
  if (nested !== undefined) return nested;
  const { template } = spec;
  const metadata = isFields(template) && isFields(template.metadata) ? template.metadata : undefined;
  return (
    metadataFault(metadata, true) ??
    termsFault(spec, ["selector", ...PLACEMENT]) ??
    (isFields(template) && isFields(template.spec) ? termsFault(template.spec, PLACEMENT) : undefined)
  );
}

const PLACEMENT = ["nodeSelector", "affinity", "tolerations"] as const;

function termsFault(spec: Fields, keys: readonly string[]): string | undefined {
  const key = keys.find((one) => spec[one] !== undefined && isVast(spec[one]));
  return key && `its ${key} has more than ${LIMITS.terms} values`;
}

/** A workload's spec that nobody can read: no annotations, no labels, no placement, only how many Pods it asks for. */
function bounded(spec: Fields): Fields {
  const { template, jobTemplate } = spec;
  const left = without(spec, ["selector", ...PLACEMENT]);
  if (isFields(jobTemplate) && isFields(jobTemplate.spec))
    left.jobTemplate = { ...jobTemplate, spec: bounded(jobTemplate.spec) };
  if (!isFields(template)) return left;
  const metadata = isFields(template.metadata) ? template.metadata : {};
  const annotations = blanked(metadata.annotations as Texts | undefined);
  const labels = isMany(metadata.labels as Texts | undefined) ? {} : metadata.labels;
  const inner = isFields(template.spec) ? without(template.spec, PLACEMENT) : template.spec;
  return { ...left, template: { ...template, metadata: { ...metadata, annotations, labels }, spec: inner } };
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

/** What a text has too much of, in one sweep that knows of JSON only where texts and lists begin and end. */
function textFault(
  text: string,
  limits: { readonly values: number; readonly depth: number } = LIMITS,
): string | undefined {
  let [values, patterns, depth] = [1, 0, 0];
  let quoted = false;
  let wild = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted) {
      if (char === '"') {
        quoted = false;
        if (wild && ++patterns > LIMITS.patterns) return `more than ${LIMITS.patterns} patterns`;
      } else if (char === "*" || char === "?" || char === "[" || char === "\\") {
        wild = true;
        if (char === "\\") i++;
      }
    } else if (char === '"') [quoted, wild] = [true, false];
    else if (char === "," && ++values > limits.values) return `more than ${limits.values} values`;
    else if ((char === "[" || char === "{") && ++depth > limits.depth) return `more than ${limits.depth} levels`;
    else if (char === "]" || char === "}") depth--;
  }
  return undefined;
}

/** Whether a value holds more values, or lies deeper, than anybody needs; stops at the limit. */
function isVast(value: unknown): boolean {
  let left: number = LIMITS.terms;
  const visit = (part: unknown, depth: number): boolean => {
    if (--left < 0 || depth > LIMITS.depth) return true;
    if (typeof part === "string") return part.length > LIMITS.annotationCharacters;
    if (typeof part !== "object" || part === null) return false;
    for (const key in part) if (visit((part as Fields)[key], depth + 1)) return true;
    return false;
  };
  return visit(value, 0);
}

function withShortConfig(object: KubeObject): KubeObject {
  const config = isFields(object.spec) ? object.spec.config : undefined;
  if (typeof config !== "string" || config.length <= SURELY_FINE) return object;
  const fault =
    config.length > LIMITS.configCharacters
      ? `more than ${LIMITS.configCharacters} characters`
      : textFault(config, { values: LIMITS.values, depth: 2 * LIMITS.depth });
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
