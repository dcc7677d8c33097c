import { CHART_DEFAULTS, type SpiderpoolFacts } from "../spiderpool/facts.js";
import { meantNames, type Names, ownChoice, readDefaultPools } from "../spiderpool/ipam/annotations.js";
import { GlobIndex, globMatch, isPattern } from "../spiderpool/ipam/glob.js";
import { attachmentPools, blockPools } from "../spiderpool/ipam/network-defaults.js";
import { additionalNics, defaultNetwork, FIRST_NIC } from "../spiderpool/ipam/networks.js";
import { KINDS, type KubeObject } from "../spiderpool/objects.js";
import { makesPods } from "./lifecycle.js";
import { isInEndingNamespace } from "./namespaces.js";
import { podTemplate, type Snapshot } from "./snapshot.js";
import { workloadKey } from "./workload-of.js";

/** One place that names pools for somebody's NIC. */
export interface Naming {
  /** In words: `the Pod template of default/Deployment/app`. */
  readonly by: string;
  readonly on: "template" | "Namespace" | "network";
  /** `namespace/Kind/name` of the workload whose template it is, and the workload. */
  readonly workload?: string;
  readonly template?: KubeObject;
  readonly namespace: string;
  /** Empty for a network: any NIC may hang on it. */
  readonly nic: string;
  /** As written, patterns not yet expanded. */
  readonly names: Names;
  /** Spiderpool refuses the annotation: no Pod gets one of these, but somebody means them. */
  readonly refused?: true;
}

/**
 * Whether naming a pool or network counts, in a template or in the defaults of a Namespace or network; asked only where it
 * names what somebody looks for: it may be costly. The name is as written, the pool the one it names.
 */
export type Heeds = (by: Pick<Naming, "template" | "namespace">, name: string, pool?: string) => boolean;

/** Who names a pool or a network, so that taking it away would leave somebody pointing at nothing. */
export interface Namers {
  /** What names this pool, in words; undefined = nobody. */
  readonly pool: (name: string) => string | undefined;
  /** Whether somebody names exactly this pool, not only by a pattern. */
  readonly literally: (name: string) => boolean;
  /** What names this network (`namespace/name` of its net-attach-def), in words. */
  readonly network: (name: string) => string | undefined;
}

type Cluster = Pick<
  Snapshot,
  "workloads" | "namespaces" | "multusConfigs" | "networkAttachments" | "complete" | "facts"
>;

/** Which namings count: of all, or of those of one kind, those that are heeded. */
export interface Counting {
  readonly on?: Naming["on"];
  readonly heeds?: Heeds;
  /** Where a default network without a namespace lies (A9). */
  readonly facts?: Pick<SpiderpoolFacts, "namespace">;
}

/**
 * Who names which pool in a cluster, indexed once: Pod templates, defaults of Namespaces and of networks (A1). What lies in a
 * Namespace that goes away names nothing, since no Pod starts there any more.
 */
export class References {
  /** Templates first, then Namespaces, then networks, each in name order: of several the same one is told (FIXED-4). */
  readonly namings: readonly Naming[];
  readonly #cluster: Cluster;
  #byName: Index | undefined;
  /** By the namespace in which a bare name of a default network lies (A9). */
  readonly #networks = new Map<string, ReadonlyMap<string, readonly KubeObject[]>>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.namings = [
      ...inOrder(cluster.workloads),
      ...inOrder(cluster.namespaces),
      ...inOrder(cluster.multusConfigs),
      ...inOrder(cluster.networkAttachments),
    ].flatMap((object) => (isInEndingNamespace(cluster, object) ? [] : namingsOf(object)));
  }

  /** Asks who names something. */
  namers({ on, heeds = () => true, facts = CHART_DEFAULTS }: Counting = {}): Namers {
    const counts = ({ naming, name }: Named, pool: string) =>
      (on === undefined || naming.on === on) && heeds(naming, name, pool);
    const literal = (pool: string) =>
      this.#index()
        .literals.get(pool)
        ?.find((one) => counts(one, pool))?.naming.by;
    const pattern = (pool: string): string | undefined => {
      for (const named of this.#index().patterns.matching(pool)) if (counts(named, pool)) return named.naming.by;
      return undefined;
    };
    return {
      pool: (name) => literal(name) ?? pattern(name),
      literally: (name) => literal(name) !== undefined,
      network: (name) => {
        const template = this.#byNetwork(facts)
          .get(name)
          ?.find((one) => heeds({ template: one, namespace: one.metadata.namespace ?? "" }, name));
        return template && byTemplate(template);
      },
    };
  }

  #index(): Index {
    this.#byName ??= indexed(this.namings);
    return this.#byName;
  }

  #byNetwork(facts: Pick<SpiderpoolFacts, "namespace">): ReadonlyMap<string, readonly KubeObject[]> {
    const found = this.#networks.get(facts.namespace) ?? attached(this.#cluster, facts);
    this.#networks.set(facts.namespace, found);
    return found;
  }
}

const remembered = new WeakMap<Cluster, References>();

/** Who names what in a cluster; a snapshot never changes, so it is worked out once. */
export function referencesIn(cluster: Cluster): References {
  let found = remembered.get(cluster);
  if (found === undefined) {
    found = new References(cluster);
    remembered.set(cluster, found);
  }
  return found;
}

/** The patterns of a naming, by family. */
export function patternsOf({ names }: Naming): { readonly pattern: string; readonly family: 4 | 6 }[] {
  const of = (list: readonly string[], family: 4 | 6) => list.filter(isPattern).map((pattern) => ({ pattern, family }));
  return [...of(names.v4, 4), ...of(names.v6, 6)];
}

const read = new WeakMap<KubeObject, readonly Naming[]>();

/** What one object names: a workload in its template, a Namespace or network in its defaults. Objects never change. */
export function namingsOf(object: KubeObject): readonly Naming[] {
  let found = read.get(object);
  if (found === undefined) {
    found = readNamings(object).filter(({ names }) => names.v4.length + names.v6.length > 0);
    read.set(object, found);
  }
  return found;
}

/** Whether an object, or the part of it that a patch writes, names a pool, literally or by a pattern (A5). */
export function namesPool(object: KubeObject, pool: string): boolean {
  return namingsOf(object).some(({ names }) =>
    [...names.v4, ...names.v6].some((name) => (isPattern(name) ? globMatch(name, pool) : name === pool)),
  );
}

/** A name as somebody wrote it, and where. */
interface Named {
  readonly name: string;
  readonly naming: Naming;
}

interface Index {
  readonly literals: ReadonlyMap<string, readonly Named[]>;
  readonly patterns: GlobIndex<Named>;
}

function indexed(namings: readonly Naming[]): Index {
  const literals = new Map<string, Named[]>();
  const patterns = new GlobIndex<Named>();
  for (const naming of namings) {
    for (const name of [...naming.names.v4, ...naming.names.v6]) {
      const same = literals.get(name);
      if (isPattern(name)) patterns.add(name, { name, naming });
      else if (same === undefined) literals.set(name, [{ name, naming }]);
      else same.push({ name, naming });
    }
  }
  return { literals, patterns };
}

function readNamings(object: KubeObject): Naming[] {
  const { kind, metadata } = object;
  if (kind === KINDS.Namespace.kind) return ofNamespace(object);
  const named = `${kind} ${metadata.namespace}/${metadata.name}`;
  if (kind === KINDS.SpiderMultusConfig.kind) return [ofNetwork(object, named, blockPools(object.spec))];
  if (kind === KINDS.NetworkAttachmentDefinition.kind) {
    // Of one that Spiderpool made its SpiderMultusConfig tells (X11).
    const made = metadata.ownerReferences?.some((owner) => owner.kind === KINDS.SpiderMultusConfig.kind);
    return made ? [] : [ofNetwork(object, named, attachmentPools(object))];
  }
  return ofTemplate(object);
}

/** What makes no Pod any more names nothing. */
function ofTemplate(workload: KubeObject): Naming[] {
  const annotations = podTemplate(workload)?.metadata?.annotations;
  if (!annotations || !makesPods(workload)) return [];
  const namespace = workload.metadata.namespace ?? "";
  const chosen = ownChoice({ namespace, annotations });
  if (chosen === undefined) return [];
  const base = {
    ...{ by: byTemplate(workload), on: "template" as const, namespace },
    ...{ workload: workloadKey(workload), template: workload },
  };
  if (typeof chosen.read === "string") {
    return [{ ...base, nic: FIRST_NIC, names: meantNames(annotations), refused: true }];
  }
  return chosen.source === "ippool annotation"
    ? [{ ...base, nic: FIRST_NIC, names: chosen.read }]
    : chosen.read.map((item) => ({ ...base, nic: item.nic, names: item }));
}

function byTemplate(workload: KubeObject): string {
  return `the Pod template of ${workloadKey(workload)}`;
}

function ofNamespace({ metadata: { name, annotations = {} } }: KubeObject): Naming[] {
  const names = readDefaultPools(annotations);
  if (typeof names === "string") return [];
  return [{ by: `Namespace ${name}`, on: "Namespace", namespace: name, nic: FIRST_NIC, names }];
}

function ofNetwork({ metadata }: KubeObject, by: string, names: Names): Naming {
  return { by, on: "network", namespace: metadata.namespace ?? "", nic: "", names };
}

/** Whose template puts a NIC on each network. */
function attached(
  cluster: Cluster,
  facts: Pick<SpiderpoolFacts, "namespace">,
): ReadonlyMap<string, readonly KubeObject[]> {
  const found = new Map<string, KubeObject[]>();
  for (const workload of inOrder(cluster.workloads)) {
    const annotations = podTemplate(workload)?.metadata?.annotations;
    if (!annotations || isInEndingNamespace(cluster, workload)) continue;
    const namespace = workload.metadata.namespace ?? "";
    const first = defaultNetwork(annotations, facts);
    const more = additionalNics({ namespace, annotations }) ?? [];
    for (const network of [...(first === undefined ? [] : [first]), ...more.map((nic) => nic.network)]) {
      const same = found.get(network);
      if (same === undefined) found.set(network, [workload]);
      else same.push(workload);
    }
  }
  return found;
}

function inOrder(map: ReadonlyMap<string, KubeObject>): KubeObject[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}
