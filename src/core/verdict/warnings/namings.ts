import { podTemplate, type Snapshot } from "../../snapshot.js";
import {
  type Names,
  readDefaultPools,
  readPoolAnnotation,
  readPoolsAnnotation,
} from "../../spiderpool/ipam/annotations.js";
import { isPattern } from "../../spiderpool/ipam/glob.js";
import { FIRST_NIC } from "../../spiderpool/ipam/networks.js";
import { KEYS, type KubeObject } from "../../spiderpool/objects.js";

/** One place that names pools for somebody's NIC. */
export interface Naming {
  /** In words: `the Pod template of default/Deployment/app`. */
  readonly by: string;
  /** `namespace/Kind/name` of the workload whose template it is; undefined for a Namespace. */
  readonly workload?: string;
  readonly namespace: string;
  readonly nic: string;
  readonly names: Names;
}

/** Everything that names pools: Pod templates first, then Namespaces, each in name order. */
export function namingsIn(snapshot: Snapshot): Naming[] {
  return [
    ...inOrder(snapshot.workloads).flatMap(([key, workload]) => fromTemplate(key, workload)),
    ...inOrder(snapshot.namespaces).flatMap(([name, namespace]) => fromNamespace(name, namespace)),
  ];
}

/** The patterns of a naming, by family. */
export function patternsOf({ names }: Naming): { readonly pattern: string; readonly family: 4 | 6 }[] {
  const of = (list: readonly string[], family: 4 | 6) => list.filter(isPattern).map((pattern) => ({ pattern, family }));
  return [...of(names.v4, 4), ...of(names.v6, 6)];
}

function fromTemplate(key: string, workload: KubeObject): Naming[] {
  const annotations = podTemplate(workload)?.metadata?.annotations ?? {};
  const namespace = workload.metadata.namespace ?? "";
  const base = { by: `the Pod template of ${key}`, workload: key, namespace };
  const many = annotations[KEYS.ippools];
  if (many !== undefined) {
    const items = readPoolsAnnotation(many, { namespace, annotations });
    return typeof items === "string" ? [] : items.map((item) => ({ ...base, nic: item.nic, names: item }));
  }
  const one = annotations[KEYS.ippool];
  const names = one === undefined ? undefined : readPoolAnnotation(one);
  return names === undefined || typeof names === "string" ? [] : [{ ...base, nic: FIRST_NIC, names }];
}

function fromNamespace(name: string, namespace: KubeObject): Naming[] {
  const names = readDefaultPools(namespace.metadata.annotations ?? {});
  return typeof names === "string" ? [] : [{ by: `Namespace ${name}`, namespace: name, nic: FIRST_NIC, names }];
}

function inOrder<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
