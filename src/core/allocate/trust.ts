import type { Heeds } from "../cluster/references.js";
import { workloadsWithAddress } from "../cluster/tenants.js";
import { workloadKey } from "../cluster/workload-of.js";
import type { Plan } from "../plan/plan.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { isPattern } from "../spiderpool/ipam/glob.js";
import type { KubeObject } from "../spiderpool/objects.js";
import { ownPatterns } from "./own-patterns.js";
import { type Owner, splitOwner, workloadOf } from "./owner.js";

/** What of a template or default of somebody else holds a change back: whoever may write one could stop every plan with it. */
export interface Trust {
  /** Whether naming a pool or network keeps it from being deleted. */
  readonly heeds: Heeds;
  /** Whether a template none of whose Pods has an address, and which names pools by these patterns, holds back what harms it. */
  readonly idleHoldsBack: (template: KubeObject, patterns: readonly string[]) => boolean;
}

/**
 * Held back is what a Pod with an address needs, and what is named in `settings.trustedNamespaces`; where that is not given,
 * what anybody names by name, by a default or by the pattern that is the template's own. A workload's own pool is kept by
 * its template in any namespace. A wildcard in a default names nobody's pool: who has an address by a default is judged Pod
 * by Pod, whatever namespace it is in.
 * @param rename the name an owner has after the plan's renamings
 */
export function trustOf(
  plan: Plan,
  snapshot: Snapshot,
  facts: SpiderpoolFacts,
  rename: (owner: Owner) => Owner,
): Trust {
  const trusted = plan.settings.trustedNamespaces;
  const isOwn = ownPatterns(snapshot, rename);
  let busy: ReadonlySet<string | undefined> | undefined;
  const hasAddress = (template: KubeObject) => {
    busy ??= workloadsWithAddress(snapshot, facts, namespacesOf(snapshot));
    return busy.has(workloadKey(template));
  };
  /** Whose fixed pool it is. Its own template harms nobody else by naming it. */
  const userOf = (pool = "") => {
    const live = snapshot.pools.get(pool);
    const owner = live && recordedOwner(live);
    return owner && workloadOf(rename(splitOwner(owner).owner));
  };
  /** Spiderpool's own namespace is its administrator's. */
  const mayDefault = (namespace: string) =>
    trusted === undefined || trusted.has(namespace) || namespace === facts.namespace;
  return {
    heeds: ({ template, namespace }, name, pool) => {
      if (template === undefined) return !isPattern(name) && mayDefault(namespace);
      if (trusted?.has(namespace) || isOwn(template, name) || workloadKey(template) === userOf(pool)) return true;
      return (trusted === undefined && !isPattern(name)) || hasAddress(template);
    },
    idleHoldsBack: (template, patterns) =>
      trusted === undefined ? patterns.every((name) => isOwn(template, name)) : trusted.has(namespaceOf(template)),
  };
}

function namespacesOf({ workloads }: Snapshot): string[] {
  return [...workloads.values()].map(namespaceOf);
}

function namespaceOf({ metadata }: KubeObject): string {
  return metadata.namespace ?? "";
}
