import { namingsOf } from "../cluster/references.js";
import { templateKeeper } from "../cluster/template-reference.js";
import type { Diagnostic } from "../diagnostics.js";
import type { Plan } from "../plan/plan.js";
import { podTemplate, type Snapshot } from "../snapshot.js";
import { isPattern, namesHit } from "../spiderpool/ipam/glob.js";
import type { KubeObject } from "../spiderpool/objects.js";
import { anchorName } from "./anchor.js";
import { compareTemplate, templateAnnotations } from "./annotations.js";
import type { Binding } from "./binding.js";

/** Live templates that do not say what the plan needs them to say; only those nobody writes for the user (DESIGN 4). */
export function compareTemplates(
  plan: Plan,
  snapshot: Snapshot,
  binding: Binding,
  planned: Iterable<string>,
): Diagnostic[] {
  const found: Diagnostic[] = [];
  let pools: readonly string[] | undefined;
  for (const workload of plan.workloads.values()) {
    const live = snapshot.workloads.get(workload.name);
    const keeper = live && templateKeeper(live);
    if (live === undefined || (workload.annotate && keeper === undefined)) continue;
    const where =
      keeper === undefined ? "its Pod template" : `the Pod template of ${keeper}, which it uses (workloadRef)`;
    const remedy = `put the lines of \`spiderplan annotations ${workload.name}\` into ${where}`;
    const annotations = podTemplate(live)?.metadata?.annotations ?? {};
    const expected = templateAnnotations(plan, workload, binding);
    const differences = compareTemplate(expected, annotations, workload.namespace);
    if (differences.length === 0) continue;
    pools ??= [...new Set([...snapshot.pools.keys(), ...planned])].sort();
    const vain = wantsPods(live) ? namesNoPool(live, pools) : undefined;
    if (vain !== undefined) {
      found.push({
        code: "SP2607",
        severity: "warning",
        message: `new Pods of ${workload.name} get no address: ${where} names ${vain.names}, and there is no such pool`,
        hint: `${remedy}: a renamed workload's pools keep their names`,
        source: workload.source,
        about: workload.name,
      });
      // With the anchor it is our own pattern; without it the template follows another scheme, which is told besides.
      if (vain.anchored) continue;
    }
    found.push({
      code: "SP2604",
      severity: "warning",
      message: `the Pod template of ${workload.name} does not name its pools: ${differences.join("; ")}`,
      hint: keeper === undefined ? `${remedy}, or set annotate: true` : `${remedy}; annotate: true does not write it`,
      source: workload.source,
      about: workload.name,
    });
  }
  return found;
}

/**
 * What the template's annotation names for one NIC where new Pods get no address for it (A5): a pool that does not exist and
 * the anchor fail the Pod in their family, and where not one pattern hits a pool, the NIC starts with nothing and no error.
 * @param pools names in order
 */
function namesNoPool(workload: KubeObject, pools: readonly string[]): NoPool | undefined {
  const hits = (name: string) => namesHit(pools, name).some((pool) => !ANCHORS.includes(pool));
  for (const { names } of namingsOf(workload)) {
    const families = FAMILIES.map((family) => {
      const given = family === 4 ? names.v4 : names.v6;
      const own = given.filter((name) => name !== anchorName(family));
      return { own, anchored: given.length > own.length, vain: own.filter((name) => !hits(name)) };
    }).filter(({ own }) => own.length > 0);
    const literal = families.flatMap(({ vain }) => vain.filter((name) => !isPattern(name)));
    const empty = families.filter(({ own, vain }) => vain.length === own.length);
    const silent = empty.length === families.length;
    const unserved = empty.find(({ anchored }) => anchored || silent);
    const missing = literal.length > 0 ? literal : unserved?.own;
    if (missing !== undefined) {
      return { names: missing.slice(0, 3).join(", ").slice(0, 300), anchored: unserved?.anchored ?? false };
    }
  }
  return undefined;
}

/** Names that find no pool, and whether the anchor stands beside them. */
interface NoPool {
  readonly names: string;
  readonly anchored: boolean;
}

const FAMILIES = [4, 6] as const;
const ANCHORS: readonly string[] = FAMILIES.map(anchorName);

/** Whether Pods are made from the template itself: a paused Deployment goes on with its ReplicaSets'. */
function wantsPods({ spec }: KubeObject): boolean {
  const { replicas, paused } = (spec ?? {}) as { replicas?: number; paused?: boolean };
  return replicas !== 0 && paused !== true;
}
