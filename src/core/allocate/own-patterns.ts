import { templateFacts } from "../cluster/pod-facts.js";
import { referencedKey, workloadKey } from "../cluster/workload-of.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import { isPattern, literalPrefix } from "../spiderpool/ipam/glob.js";
import { askedNics } from "../spiderpool/ipam/nics.js";
import { controllerOf, type KubeObject } from "../spiderpool/objects.js";
import { possibleStems, stemIn } from "./naming.js";
import { type Owner, parseNicOwner, splitOwner, workloadOf } from "./owner.js";

/**
 * Whether a pattern hits no pools but those of the template's own workload: it goes on from a stem that spiderplan gives its
 * NICs (DESIGN 4), or gave their live pools, as under a name the workload had before.
 */
export function ownPatterns(
  snapshot: Snapshot,
  rename: (owner: Owner) => Owner,
): (template: KubeObject, name: string) => boolean {
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
  return [workloadKey(template), referencedKey(template.metadata.namespace ?? "", above)];
}
