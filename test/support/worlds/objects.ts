import type {
  KubeObject,
  SpiderEndpoint,
  SpiderIPPool,
  SpiderReservedIP,
} from "../../../src/core/spiderpool/objects.js";

/** The objects of a cluster, as the stand-in of Kubernetes and of Spiderpool's agent reads and writes them. */
export interface Objects {
  all(kind: string): ReadonlyMap<string, KubeObject>;
  put(object: KubeObject): void;
  remove(object: KubeObject): void;
}

/** Kruise's StatefulSet, which shares its kind's name with that of apps/v1. */
export const KRUISE_SET = "StatefulSet.apps.kruise.io";

/** Under which kind an object is stored. */
export function storedAs({ apiVersion, kind }: KubeObject): string {
  return apiVersion.startsWith("apps.kruise.io/") && kind === "StatefulSet" ? KRUISE_SET : kind;
}

export function keyOf({ metadata }: KubeObject): string {
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}

/** A cluster that may be played with: the original never notices. */
export class Copy implements Objects {
  readonly #kinds = new Map<string, Map<string, KubeObject>>();

  constructor(
    readonly from: Objects,
    readonly kinds: readonly string[] = COPIED,
  ) {
    for (const kind of kinds) this.#kinds.set(kind, new Map(from.all(kind)));
  }

  all(kind: string): ReadonlyMap<string, KubeObject> {
    return this.#kinds.get(kind) ?? this.from.all(kind);
  }

  put(object: KubeObject): void {
    this.#own(storedAs(object)).set(keyOf(object), object);
  }

  remove(object: KubeObject): void {
    this.#own(storedAs(object)).delete(keyOf(object));
  }

  #own(kind: string): Map<string, KubeObject> {
    const own = this.#kinds.get(kind) ?? new Map(this.from.all(kind));
    this.#kinds.set(kind, own);
    return own;
  }
}

/** Every kind that changes in a world. */
const COPIED = [
  "SpiderIPPool",
  "SpiderSubnet",
  "SpiderReservedIP",
  "SpiderEndpoint",
  "SpiderMultusConfig",
  "Namespace",
  "Node",
  "Pod",
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "ControllerRevision",
  KRUISE_SET,
];

export function poolsOf(objects: Objects): ReadonlyMap<string, SpiderIPPool> {
  return objects.all("SpiderIPPool") as ReadonlyMap<string, SpiderIPPool>;
}

export function endpointsOf(objects: Objects): ReadonlyMap<string, SpiderEndpoint> {
  return objects.all("SpiderEndpoint") as ReadonlyMap<string, SpiderEndpoint>;
}

export function reservedOf(objects: Objects): ReadonlyMap<string, SpiderReservedIP> {
  return objects.all("SpiderReservedIP") as ReadonlyMap<string, SpiderReservedIP>;
}

export type Records = Record<string, { pod: string; podUid: string }>;

export function recordsOf(pool: SpiderIPPool): Records {
  return pool.status?.allocatedIPs ? (JSON.parse(pool.status.allocatedIPs) as Records) : {};
}

export function withRecords(pool: SpiderIPPool, records: Records): SpiderIPPool {
  const { allocatedIPs: _old, ...rest } = pool.status ?? {};
  const count = Object.keys(records).length;
  const status = { ...rest, allocatedIPCount: count, ...(count > 0 && { allocatedIPs: JSON.stringify(records) }) };
  return { ...pool, status };
}
