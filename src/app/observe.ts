import { isClusterError } from "../core/cluster-error.js";
import type { Diagnostic } from "../core/diagnostics.js";
import type { PlanDocument } from "../core/plan/merge.js";
import { buildSnapshot, inKindOrder } from "../core/snapshot.js";
import { CHART_DEFAULTS } from "../core/spiderpool/facts.js";
import { KINDS, type Kind, type KubeObject } from "../core/spiderpool/objects.js";
import type { Cluster } from "../ports/cluster.js";
import {
  CONTEXT_KINDS,
  findKind,
  noSpiderpool,
  type Observation,
  readFacts,
  SPIDERPOOL_KINDS,
  thirdPartyNames,
  unreadable,
  withoutManagedFields,
} from "./observation.js";

/** What to look at beyond the usual. */
export interface ObserveOptions {
  /** Where Spiderpool runs (`settings.spiderpool.namespace`): its ConfigMap tells how it is configured. */
  readonly namespace?: string;
  /** Kinds of workloads the plan names, as owners spell them: `CloneSet.apps.kruise.io`. */
  readonly workloadKinds?: Iterable<string>;
}

/** Every object of a kind where it is known without listing it; undefined = list it. */
export type KnownObjects = (kind: Kind) => Promise<readonly KubeObject[] | undefined>;

/** What to look at in a cluster for this plan beyond the usual: where Spiderpool runs, kinds of other controllers. */
export function planNeeds(documents: readonly PlanDocument[]): ObserveOptions {
  const namespaces = documents.flatMap(({ spec }) => spec.settings?.spiderpool?.namespace ?? []);
  const kinds = documents.flatMap(({ spec }) =>
    Object.keys(spec.workloads ?? {}).map((key) => key.split("/")[1] ?? ""),
  );
  return { namespace: namespaces[0], workloadKinds: new Set(kinds) };
}

/**
 * Reads all that spiderplan judges by, every kind at the same time, uncached.
 * A kind the server does not serve has no objects: it counts as read completely.
 * @param options may come later, when the plan is read: the cluster answers meanwhile
 * @param known for a caller that can vouch for some kind; nothing is taken as known unless given
 * @throws ClusterError when the cluster cannot be reached, lacks Spiderpool, or forbids reading Spiderpool's kinds
 */
export async function observe(
  cluster: Cluster,
  options: ObserveOptions | Promise<ObserveOptions> = {},
  known: KnownObjects = async () => undefined,
): Promise<Observation> {
  const [usual, { namespace = CHART_DEFAULTS.namespace, workloadKinds = [] }] = await Promise.all([
    readServed(cluster, [...SPIDERPOOL_KINDS, ...CONTEXT_KINDS], known),
    options,
  ]);
  const [facts, further] = await Promise.all([
    readFacts(cluster, namespace),
    thirdParty(cluster, workloadKinds).then((kinds) => (kinds.length === 0 ? [] : readServed(cluster, kinds, known))),
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

async function readServed(
  cluster: Cluster,
  kinds: readonly Kind[],
  known: KnownObjects,
): Promise<{ kind: Kind; read: KindRead }[]> {
  const served = await cluster.served(kinds);
  if (kinds.includes(KINDS.SpiderIPPool) && !served.has(KINDS.SpiderIPPool)) throw noSpiderpool();
  return Promise.all(
    kinds.map(async (kind) => ({ kind, read: served.has(kind) ? await readKind(cluster, kind, known) : NOTHING })),
  );
}

interface KindRead {
  readonly items: readonly KubeObject[];
  readonly missing?: Diagnostic;
}

const NOTHING: KindRead = { items: [] };

async function readKind(cluster: Cluster, kind: Kind, known: KnownObjects): Promise<KindRead> {
  try {
    const items = (await known(kind)) ?? (await cluster.list(kind)).items;
    return { items: items.map(withoutManagedFields) };
  } catch (error) {
    if (!isClusterError(error, "Forbidden")) throw error;
    return { items: [], missing: unreadable(kind, error) };
  }
}

/** Kinds named `Kind.group` that are not among ours, in the version the server prefers. */
async function thirdParty(cluster: Cluster, names: Iterable<string>): Promise<Kind[]> {
  const found = await Promise.all(thirdPartyNames(names).map((name) => findKind(cluster, name)));
  return found.filter((kind) => kind !== undefined);
}
