import { possibleStems, stemIn } from "../allocate/naming.js";
import { type Owner, parseNicOwner, splitOwner, workloadOf } from "../allocate/owner.js";
import { templateFacts } from "../cluster/pod-facts.js";
import { type Heeds, namingsOf, patternsOf } from "../cluster/references.js";
import { workloadKey } from "../cluster/workload-of.js";
import type { Plan } from "../plan/plan.js";
import { podTemplate, recordedOwner, type Snapshot } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { hasSubnetAnnotation } from "../spiderpool/ipam/annotations.js";
import { isPattern, literalPrefix } from "../spiderpool/ipam/glob.js";
import { askedNics } from "../spiderpool/ipam/nics.js";
import { controllerOf, type KubeObject } from "../spiderpool/objects.js";
import type { Judged } from "./judge.js";
import { workloadsWithAddress } from "./tenants.js";

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

/**
 * Whether a pattern hits no pools but those of the template's own workload: it goes on from a stem that spiderplan gives its
 * NICs (DESIGN 4), or gave their live pools, as under a name the workload had before.
 */
function ownPatterns(snapshot: Snapshot, rename: (owner: Owner) => Owner) {
  let live: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  return (template: KubeObject, name: string): boolean => {
    if (!isPattern(name)) return false;
    const prefix = literalPrefix(name);
    live ??= liveStems(snapshot, rename);
    const nics = askedNics(templateFacts(template, snapshot));
    return makersOf(template).some((workload) => {
      const given = nics.flatMap((nic) => possibleStems(`${workload}/${nic}`));
      return [...given, ...(live?.get(workload) ?? [])].some((stem) => prefix.startsWith(`${stem}.`));
    });
  };
}

/** What the pools of each workload begin with that has live ones. */
function liveStems({ pools }: Snapshot, rename: (owner: Owner) => Owner): ReadonlyMap<string, ReadonlySet<string>> {
  const stems = new Map<string, Set<string>>();
  for (const pool of pools.values()) {
    const recorded = recordedOwner(pool);
    if (recorded === undefined) continue;
    const { owner, subnet } = splitOwner(recorded);
    const stem = parseNicOwner(owner) === undefined ? undefined : stemIn(pool.metadata.name, owner, subnet);
    if (stem === undefined) continue;
    const workload = workloadOf(rename(owner));
    stems.set(workload, (stems.get(workload) ?? new Set()).add(stem));
  }
  return stems;
}

/** The workload with the template, and the one that controls it, which a plan may name instead. */
function makersOf(template: KubeObject): string[] {
  const above = controllerOf(template);
  if (above === undefined) return [workloadKey(template)];
  const { namespace } = template.metadata;
  return [workloadKey(template), workloadKey({ ...above, metadata: { namespace, name: above.name } } as KubeObject)];
}
