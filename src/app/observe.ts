import { ClusterError, isClusterError } from "../core/cluster-error.js";
import type { Diagnostic } from "../core/diagnostics.js";
import type { PlanDocument } from "../core/plan/merge.js";
import { buildSnapshot, inKindOrder, type Snapshot } from "../core/snapshot.js";
import type { SpiderpoolFacts } from "../core/spiderpool/facts.js";
import { CHART_DEFAULTS, factsFromConfigMap } from "../core/spiderpool/facts.js";
import { KINDS, type Kind, type KubeObject } from "../core/spiderpool/objects.js";
import type { Cluster } from "../ports/cluster.js";

/** What to look at beyond the usual. */
export interface ObserveOptions {
  /** Where Spiderpool runs (`settings.spiderpool.namespace`): its ConfigMap tells how it is configured. */
  readonly namespace?: string;
  /** Kinds of workloads the plan names, as owners spell them: `CloneSet.apps.kruise.io`. */
  readonly workloadKinds?: Iterable<string>;
}

/** What to look at in a cluster for this plan beyond the usual: where Spiderpool runs, kinds of other controllers. */
export function planNeeds(documents: readonly PlanDocument[]): ObserveOptions {
  const namespaces = documents.flatMap(({ spec }) => spec.settings?.spiderpool?.namespace ?? []);
  const kinds = documents.flatMap(({ spec }) =>
    Object.keys(spec.workloads ?? {}).map((key) => key.split("/")[1] ?? ""),
  );
  return { namespace: namespaces[0], workloadKinds: new Set(kinds) };
}

/** A cluster as seen at one time. */
export interface Observation {
  readonly snapshot: Snapshot;
  /** Every object read, by kind, then namespace and name. */
  readonly items: KubeObject[];
  /** What could not be read, and what that means. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Kinds nothing can be decided without. */
const SPIDERPOOL_KINDS: readonly Kind[] = [
  KINDS.SpiderSubnet,
  KINDS.SpiderIPPool,
  KINDS.SpiderReservedIP,
  KINDS.SpiderEndpoint,
  KINDS.SpiderMultusConfig,
];

/** Kinds that make the judgement better; without them facts count as unknown. */
const CONTEXT_KINDS: readonly Kind[] = [
  KINDS.NetworkAttachmentDefinition,
  KINDS.Namespace,
  KINDS.Node,
  KINDS.Pod,
  KINDS.Deployment,
  KINDS.ReplicaSet,
  KINDS.StatefulSet,
  KINDS.DaemonSet,
  KINDS.Job,
  KINDS.CronJob,
  KINDS.CloneSet,
  KINDS.HorizontalPodAutoscaler,
];

const CONFIGURATION = "spiderpool-conf";

/**
 * Reads all that spiderplan judges by, every kind at the same time, uncached.
 * A kind the server does not serve has no objects: it counts as read completely.
 * @param options may come later, when the plan is read: the cluster answers meanwhile
 * @throws ClusterError when the cluster cannot be reached, lacks Spiderpool, or forbids reading Spiderpool's kinds
 */
export async function observe(
  cluster: Cluster,
  options: ObserveOptions | Promise<ObserveOptions> = {},
): Promise<Observation> {
  const [usual, { namespace = CHART_DEFAULTS.namespace, workloadKinds = [] }] = await Promise.all([
    readServed(cluster, [...SPIDERPOOL_KINDS, ...CONTEXT_KINDS]),
    options,
  ]);
  const [facts, further] = await Promise.all([
    readFacts(cluster, namespace),
    thirdParty(cluster, workloadKinds).then((kinds) => (kinds.length === 0 ? [] : readServed(cluster, kinds))),
  ]);
  const items: KubeObject[] = [...(facts.object === undefined ? [] : [facts.object])];
  const diagnostics: Diagnostic[] = [...facts.diagnostics];
  const complete: string[] = [];
  for (const { kind, read } of [...usual, ...further]) {
    for (const item of read.items) items.push(item);
    if (read.missing === undefined) complete.push(kind.kind);
    else diagnostics.push(read.missing);
  }
  const ordered = inKindOrder(items);
  return { snapshot: buildSnapshot(ordered, complete, facts.facts), items: ordered, diagnostics };
}

async function readServed(cluster: Cluster, kinds: readonly Kind[]): Promise<{ kind: Kind; read: KindRead }[]> {
  const served = await cluster.served(kinds);
  if (kinds.includes(KINDS.SpiderIPPool) && !served.has(KINDS.SpiderIPPool)) throw noSpiderpool();
  return Promise.all(
    kinds.map(async (kind) => {
      const optional = !SPIDERPOOL_KINDS.includes(kind);
      return { kind, read: served.has(kind) ? await readKind(cluster, kind, optional) : NOTHING };
    }),
  );
}

interface KindRead {
  readonly items: readonly KubeObject[];
  readonly missing?: Diagnostic;
}

const NOTHING: KindRead = { items: [] };

async function readKind(cluster: Cluster, kind: Kind, optional: boolean): Promise<KindRead> {
  try {
    const { items } = await cluster.list(kind);
    return { items: items.map(withoutManagedFields) };
  } catch (error) {
    if (!optional || !isClusterError(error, "Forbidden")) throw error;
    return { items: [], missing: forbidden(`list ${kind.plural}`, "they count as unknown", error) };
  }
}

/** Kinds named `Kind.group` that are not among ours, in the version the server prefers. */
async function thirdParty(cluster: Cluster, names: Iterable<string>): Promise<Kind[]> {
  const known = new Set(CONTEXT_KINDS.map((kind) => `${kind.kind}.${groupOf(kind)}`));
  const wanted = [...new Set(names)].filter((name) => name.includes(".") && !known.has(name)).sort();
  const found = await Promise.all(
    wanted.map((name) => {
      const dot = name.indexOf(".");
      return cluster.find?.(name.slice(dot + 1), name.slice(0, dot));
    }),
  );
  return found.filter((kind) => kind !== undefined);
}

interface FactsRead {
  readonly facts: Partial<SpiderpoolFacts>;
  readonly object?: KubeObject;
  readonly diagnostics: readonly Diagnostic[];
}

/** F1. */
async function readFacts(cluster: Cluster, namespace: string): Promise<FactsRead> {
  try {
    const object = await cluster.get({ kind: KINDS.ConfigMap, namespace, name: CONFIGURATION });
    return { facts: factsFromConfigMap(object), object: withoutManagedFields(object), diagnostics: [] };
  } catch (error) {
    if (isClusterError(error, "NotFound")) return { facts: {}, diagnostics: [] };
    if (!isClusterError(error, "Forbidden")) throw error;
    const meaning = "the plan's settings.spiderpool stand, chart defaults where they are silent";
    return { facts: {}, diagnostics: [forbidden(`get configmaps "${CONFIGURATION}" in ${namespace}`, meaning, error)] };
  }
}

function forbidden(what: string, meaning: string, error: ClusterError): Diagnostic {
  return {
    code: "SP2701",
    severity: "warning",
    message: `not allowed to ${what}: ${meaning} (${error.message})`,
    hint: "give the user the read permissions the README lists",
  };
}

function noSpiderpool(): ClusterError {
  const message = `Spiderpool is not installed here: the server does not serve ${KINDS.SpiderIPPool.plural} of ${KINDS.SpiderIPPool.apiVersion}`;
  return new ClusterError("NotFound", message, false);
}

/** Half the bytes of many objects, and nobody reads them. */
function withoutManagedFields(object: KubeObject): KubeObject {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function groupOf(kind: Kind): string {
  return kind.apiVersion.slice(0, Math.max(0, kind.apiVersion.indexOf("/")));
}
