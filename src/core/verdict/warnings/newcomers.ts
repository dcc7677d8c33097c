import { makesPodsIn } from "../../cluster/lifecycle.js";
import { templateFacts } from "../../cluster/pod-facts.js";
import { VIRTUAL_MACHINE } from "../../cluster/workload-of.js";
import { isOwnReservationStep } from "../../desired/promised.js";
import type { Diagnostic } from "../../diagnostics.js";
import type { Snapshot } from "../../snapshot.js";
import { askedNics, nicsOfPod } from "../../spiderpool/ipam/nics.js";
import { isKind, type KubeObject } from "../../spiderpool/objects.js";
import { candidatesIn, replay, type Scene } from "../replay.js";
import type { Watch } from "./watch.js";
import { some } from "./words.js";

/**
 * Workloads for which one more Pod would find no address after the plan and would have found one before: the plan leaves
 * their running Pods alone, but no room to scale or roll out (DESIGN 6).
 */
export function newcomerWarnings(watch: Watch): Diagnostic[] {
  const narrowed = narrowedPools(watch);
  if (narrowed.size === 0) return [];
  const shut: { readonly nic: string; readonly why: string }[] = [];
  for (const [key, workload] of inOrder(watch.snapshot)) {
    const now = watch.after.workloads.get(key);
    if (now === undefined || !takesNewcomers(workload, watch.snapshot)) continue;
    const kept = nicsOfPod(templateFacts(now, watch.after));
    for (const nic of askedNics(templateFacts(workload, watch.snapshot))) {
      if (kept?.has(nic) === false) continue;
      const { v4, v6 } = candidatesIn(watch.before, templateFacts(workload, watch.snapshot), nic);
      if (![...v4, ...v6].some((pool) => narrowed.has(pool))) continue;
      if (failureOf(watch.before, workload, nic) !== undefined) continue;
      const why = failureOf(watch.last, now, nic);
      if (why !== undefined) shut.push({ nic: `${nic} of ${key}`, why });
    }
  }
  const [first] = shut;
  if (first === undefined) return [];
  return [
    {
      code: "SP4218",
      severity: "warning",
      message: `after this plan one more Pod would find no address, where before it would have: ${some(shut.map((one) => one.nic))}; ${first.why}`,
      hint: "leave these pools an address or two to spare, or scale the workloads down first",
    },
  ];
}

/** Whether one more Pod may come: not to a Job that is done or a workload that goes, and a VM runs in one only. */
function takesNewcomers(workload: KubeObject, snapshot: Snapshot): boolean {
  return makesPodsIn(snapshot, workload) && !isKind(workload, "kubevirt.io", VIRTUAL_MACHINE.kind);
}

/** Pools that offer less, or to fewer, once the steps ran. */
function narrowedPools({ steps, snapshot }: Watch): ReadonlySet<string> {
  const names = new Set<string>();
  for (const step of steps) {
    if (step.kind.kind === "SpiderIPPool" && step.action !== "create") {
      const { spec = {} } = (step.patch ?? {}) as { spec?: object };
      const addsOnly = step.removed.length === 0 && Object.keys(spec).every((field) => HARMLESS.has(field));
      if (!addsOnly) names.add(step.name);
    }
    // What is released into quarantine is told by the step of the pool that lets go of it.
    if (step.kind.kind === "SpiderReservedIP" && step.action !== "delete" && !isOwnReservationStep(step)) {
      // Which pools a reservation narrows shows in what they have left.
      for (const name of snapshot.pools.keys()) names.add(name);
    }
  }
  return names;
}

const HARMLESS: ReadonlySet<string> = new Set(["ips", "excludeIPs", "gateway", "routes"]);

/** Why a Pod that comes to the others gets nothing, wherever it may start; a node without a pool is as good as none. */
function failureOf(scene: Scene, workload: KubeObject, nic: string): string | undefined {
  const found = candidatesIn(scene, templateFacts(workload, scene.snapshot), nic);
  const asked = ([4, 6] as const).filter((family) => (family === 4 ? found.v4 : found.v6).length > 0);
  if (asked.length === 0) return found.error ?? `nothing names a pool for ${nic}`;
  const pools = [...found.v4, ...found.v6].map((name) => scene.snapshot.pools.get(name));
  const failures = scene.nodes.classes(pools, scene.nodes.allowed(workload)).map(([node]) => {
    const pod = templateFacts(workload, scene.snapshot, undefined, node);
    return asked
      .map((family) =>
        replay(scene, pod, nic, family, found, (pool) => scene.capacity(pool) - scene.occupancy(pool).used),
      )
      .find((outcome) => outcome.failure !== undefined)?.failure;
  });
  return failures.includes(undefined) ? undefined : (failures[0] ?? "no node may take it");
}

function inOrder({ workloads }: Snapshot): [string, KubeObject][] {
  return [...workloads].sort(([a], [b]) => (a < b ? -1 : 1));
}
