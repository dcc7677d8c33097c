import type { Snapshot } from "../snapshot.js";
import type { KubeObject } from "../spiderpool/objects.js";

/** The kinds whose whole objects spiderplan writes, with the way to them in a snapshot. */
const OWNED_KINDS = {
  SpiderSubnet: (snapshot: Snapshot) => snapshot.subnets,
  SpiderIPPool: (snapshot: Snapshot) => snapshot.pools,
  SpiderReservedIP: (snapshot: Snapshot) => snapshot.reserved,
  SpiderMultusConfig: (snapshot: Snapshot) => snapshot.multusConfigs,
} as const satisfies Record<string, (snapshot: Snapshot) => ReadonlyMap<string, KubeObject>>;

/** Names of the kinds that may be pruned, in the order people read them. */
export const OWNED_KIND_NAMES = Object.keys(OWNED_KINDS) as readonly (keyof typeof OWNED_KINDS)[];

/** All live objects of an owned kind; none for any other kind. */
export function liveObjects(snapshot: Snapshot, kind: string): ReadonlyMap<string, KubeObject> {
  return kind in OWNED_KINDS ? OWNED_KINDS[kind as keyof typeof OWNED_KINDS](snapshot) : new Map();
}

/** One live object by its metadata. */
export function liveObject(snapshot: Snapshot, object: KubeObject): KubeObject | undefined {
  const { namespace, name } = object.metadata;
  return liveObjects(snapshot, object.kind).get(namespace ? `${namespace}/${name}` : name);
}
