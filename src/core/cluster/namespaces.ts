import { isTerminating, KINDS, type KubeObject } from "../spiderpool/objects.js";
import type { Snapshot } from "./snapshot.js";

/** Why nothing new can be kept in a Namespace. */
export type NamespaceEnd = "terminating" | "absent";

/** Every cluster has it: a list of Namespaces without it is only a part of them. */
const ALWAYS_THERE = "kube-system";

/**
 * Whether a Namespace goes away or is not there: the API server then refuses every new object in it.
 * @returns undefined where it is there, and where not all Namespaces were read
 */
export function namespaceEnd(
  { namespaces, complete }: Pick<Snapshot, "namespaces" | "complete">,
  name: string | undefined,
): NamespaceEnd | undefined {
  if (name === undefined) return undefined;
  const live = namespaces.get(name);
  if (live === undefined) {
    return complete.has("Namespace") && namespaces.has(ALWAYS_THERE) ? "absent" : undefined;
  }
  return isEnding(live) ? "terminating" : undefined;
}

/** Whether an object lies in a Namespace that is being deleted, or is one: no Pod starts there any more. */
export function isInEndingNamespace(
  { namespaces }: Pick<Snapshot, "namespaces">,
  { kind, metadata }: Pick<KubeObject, "kind" | "metadata">,
): boolean {
  const live = namespaces.get((kind === KINDS.Namespace.kind ? metadata.name : metadata.namespace) ?? "");
  return live !== undefined && isEnding(live);
}

/** Whether a Namespace is being deleted. */
export function isEnding(namespace: KubeObject): boolean {
  const { phase } = (namespace.status ?? {}) as { phase?: string };
  return isTerminating(namespace) || phase === "Terminating";
}
