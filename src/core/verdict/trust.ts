import { ownPatterns } from "../allocate/own-patterns.js";
import type { Owner } from "../allocate/owner.js";
import { type Heeds, namingsOf, patternsOf } from "../cluster/references.js";
import { workloadKey } from "../cluster/workload-of.js";
import type { Plan } from "../plan/plan.js";
import { podTemplate, type Snapshot } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { hasSubnetAnnotation } from "../spiderpool/ipam/annotations.js";
import { isPattern } from "../spiderpool/ipam/glob.js";
import type { KubeObject } from "../spiderpool/objects.js";
import { workloadsWithAddress } from "./idle-templates.js";
import type { Judged } from "./judge.js";

/** What idle templates may hold back: whoever may write one in any namespace could stop every plan with `*` otherwise. */
export interface Trust {
  /** Whether a template's naming a pool or network holds its deletion back. */
  readonly heeds: Heeds;
  /** Moves the idle templates that may hold nothing back to `untrusted`. */
  readonly passOver: (judged: Judged) => Judged;
}

/**
 * Which idle templates the plan listens to: those in `settings.trustedNamespaces`; where that is not given all of them, as
 * far as they name pools by name, by a default or by the pattern that is their own.
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
  let found: ReadonlySet<string | undefined> | undefined;
  const busy = () => {
    found ??= workloadsWithAddress(snapshot, facts, namespacesOf(snapshot));
    return found;
  };
  const heeds: Heeds = (template, name) => {
    if (trusted?.has(namespaceOf(template)) || isOwn(template, name)) return true;
    return (trusted === undefined && !isPattern(name)) || busy().has(workloadKey(template));
  };
  const holdsBack = (template: KubeObject): boolean => {
    if (trusted !== undefined) return trusted.has(namespaceOf(template));
    return patternsIn(template, facts).every((name) => isOwn(template, name));
  };
  const passOver = (judged: Judged): Judged => {
    const untrusted = judged.idle.filter(({ template }) => !holdsBack(template));
    if (untrusted.length === 0) return judged;
    return { ...judged, untrusted, idle: judged.idle.filter((one) => !untrusted.includes(one)) };
  };
  return { heeds, passOver };
}

function namespacesOf({ workloads }: Snapshot): string[] {
  return [...workloads.values()].map(namespaceOf);
}

function namespaceOf({ metadata }: KubeObject): string {
  return metadata.namespace ?? "";
}

/** The patterns by which a template names pools, where no auto pools come before (A1, A5). */
function patternsIn(template: KubeObject, facts: SpiderpoolFacts): string[] {
  if (facts.enableSpiderSubnet && hasSubnetAnnotation(podTemplate(template)?.metadata?.annotations ?? {})) return [];
  return namingsOf(template).flatMap((naming) =>
    naming.refused ? [] : patternsOf(naming).map(({ pattern }) => pattern),
  );
}
