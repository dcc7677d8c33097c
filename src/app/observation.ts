import { ClusterError, isClusterError } from "../core/cluster-error.js";
import type { Diagnostic } from "../core/diagnostics.js";
import type { Snapshot } from "../core/snapshot.js";
import { factsFromConfigMap, type SpiderpoolFacts } from "../core/spiderpool/facts.js";
import { KINDS, type Kind, type KubeObject } from "../core/spiderpool/objects.js";
import type { Cluster } from "../ports/cluster.js";

/** A cluster as seen at one time. */
export interface Observation {
  readonly snapshot: Snapshot;
  /** Every object read, by kind, then namespace and name. */
  readonly items: KubeObject[];
  /** What could not be read, and what that means. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Kinds nothing can be decided without. */
export const SPIDERPOOL_KINDS: readonly Kind[] = [
  KINDS.SpiderSubnet,
  KINDS.SpiderIPPool,
  KINDS.SpiderReservedIP,
  KINDS.SpiderEndpoint,
  KINDS.SpiderMultusConfig,
];

/** Kinds that make the judgement better; without them facts count as unknown. */
export const CONTEXT_KINDS: readonly Kind[] = [
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
  KINDS.VirtualMachine,
  KINDS.VirtualMachineInstance,
  KINDS.HorizontalPodAutoscaler,
];

/** Kinds named `Kind.group` that are not among ours, each once, in order. */
export function thirdPartyNames(names: Iterable<string>): string[] {
  const known = new Set(CONTEXT_KINDS.map((kind) => `${kind.kind}.${groupOf(kind)}`));
  return [...new Set(names)].filter((name) => name.includes(".") && !known.has(name)).sort();
}

/** A kind named `Kind.group` in the version the server prefers; undefined where it is not served. */
export async function findKind(cluster: Cluster, name: string): Promise<Kind | undefined> {
  const dot = name.indexOf(".");
  return cluster.find?.(name.slice(dot + 1), name.slice(0, dot));
}

/**
 * What it means that a kind may not be listed.
 * @throws the error itself for kinds nothing can be decided without
 */
export function unreadable(kind: Kind, error: ClusterError): Diagnostic {
  if (SPIDERPOOL_KINDS.includes(kind)) throw error;
  return forbidden(`list ${kind.plural}`, "they count as unknown", error);
}

/** The answer of a cluster that does not serve Spiderpool's kinds. */
export function noSpiderpool(): ClusterError {
  const message = `Spiderpool is not installed here: the server does not serve ${KINDS.SpiderIPPool.plural} of ${KINDS.SpiderIPPool.apiVersion}`;
  return new ClusterError("NotFound", message, false);
}

/** How Spiderpool is configured, as far as its ConfigMap could be read. */
export interface FactsRead {
  readonly facts: Partial<SpiderpoolFacts>;
  readonly object?: KubeObject;
  readonly diagnostics: readonly Diagnostic[];
}

const CONFIGURATION = "spiderpool-conf";

/**
 * F1.
 * @throws ClusterError when it cannot be told whether it is there
 */
export async function readFacts(cluster: Cluster, namespace: string): Promise<FactsRead> {
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

/** Half the bytes of many objects, and nobody reads them. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function forbidden(what: string, meaning: string, error: ClusterError): Diagnostic {
  return {
    code: "SP2701",
    severity: "warning",
    message: `not allowed to ${what}: ${meaning} (${error.message})`,
    hint: "give the user the read permissions the README lists",
  };
}

function groupOf(kind: Kind): string {
  return kind.apiVersion.slice(0, Math.max(0, kind.apiVersion.indexOf("/")));
}
