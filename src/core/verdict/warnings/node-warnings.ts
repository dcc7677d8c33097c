import { workloadsAbove } from "../../cluster/workload-of.js";
import type { Diagnostic } from "../../diagnostics.js";
import type { Family } from "../../ip/address.js";
import type { Nic, Workload } from "../../plan/plan.js";
import { isTerminating, type KubeObject, type SpiderIPPool } from "../../spiderpool/objects.js";
import type { Holder } from "../../usage.js";
import { type NodeClass, NodeClasses } from "../node-classes.js";
import type { Watch } from "./watch.js";
import { pods, some } from "./words.js";

/** One family of a NIC of the plan whose pools look at nodes. */
interface Placed {
  readonly workload: Workload;
  readonly live: KubeObject;
  readonly nic: Nic;
  readonly family: Family;
  /** Open ones. */
  readonly pools: readonly SpiderIPPool[];
  /** Nodes its Pods may be scheduled to. */
  readonly nodes: NodeClass;
}

/** Nodes where Pods of a planned workload may be scheduled and would find no pool, and drains that send them there. */
export function nodeWarnings(watch: Watch): Diagnostic[] {
  if (watch.snapshot.nodes.size === 0) return [];
  return placedIn(watch).flatMap((one) => [...nodesWithoutPool(watch, one), ...drainsWithoutPool(watch, one)]);
}

function placedIn(watch: Watch): Placed[] {
  return [...watch.plan.workloads.values()].flatMap((workload) => {
    const live = watch.after.workloads.get(workload.name);
    if (live === undefined) return [];
    return [...workload.interfaces.values()].flatMap((nic) => {
      const pools = watch.poolsOf(workload.name, nic.name).filter((pool) => !pool.spec.disable && !isTerminating(pool));
      if (!pools.some((pool) => NodeClasses.choosesNodes(pool))) return [];
      const nodes = watch.nodes.allowed(live);
      return ([4, 6] as const).flatMap((family) => {
        const same = pools.filter((pool) => pool.spec.ipVersion === family);
        return same.length === 0 ? [] : [{ workload, live, nic, family, pools: same, nodes }];
      });
    });
  });
}

function nodesWithoutPool(watch: Watch, { workload, nic, family, pools, nodes }: Placed): Diagnostic[] {
  const closed = watch.nodes
    .classes(pools, nodes)
    .filter(([node]) => !pools.some((pool) => watch.nodes.isOpen(pool, node)))
    .flat()
    .flatMap((node) => node ?? []);
  if (closed.length === 0) return [];
  return [
    {
      code: "SP4210",
      severity: "warning",
      message: `Pods of ${workload.name} may be scheduled to ${some(closed)}, where no pool gives ${nic.name} an IPv${family} address`,
      hint: `give it a subnet or pool for these nodes, or keep it off them with a nodeSelector; the pools are for other nodes: ${some(pools.map((pool) => pool.metadata.name).sort())}`,
      source: nic.source,
      about: `${workload.name}/${nic.name}`,
    },
  ];
}

/** A StatefulSet's Pod takes its address along whatever node it goes to (A19). */
function drainsWithoutPool(watch: Watch, placed: Placed): Diagnostic[] {
  const { workload, live, nic, family, pools, nodes } = placed;
  if (live.kind === "DaemonSet" || (live.kind === "StatefulSet" && watch.facts.enableStatefulSet)) return [];
  const holders = holdersOf(watch, placed);
  const stranded = [...new Set(holders.map((holder) => nodeOf(watch, holder)))].sort().filter((node) => {
    const elsewhere = nodes.filter((other) => other !== node);
    if (node === "" || elsewhere.length === 0) return false;
    const leaving = holders.filter((holder) => nodeOf(watch, holder) === node);
    return leaving.length > roomOn(watch, pools, watch.nodes.classes(pools, nodes), node, leaving);
  });
  if (stranded.length === 0) return [];
  const count = holders.filter((holder) => nodeOf(watch, holder) === stranded[0]).length;
  return [
    {
      code: "SP4212",
      severity: "warning",
      message: `a drain of ${stranded[0]} leaves ${pods(count)} of ${workload.name} without an IPv${family} address on ${nic.name}: their pools have no room on the other nodes${stranded.length > 1 ? `; the same holds for ${some(stranded.slice(1))}` : ""}`,
      hint: "widen the pools' node affinity, or give the other nodes a pool that is large enough",
      source: nic.source,
      about: `${workload.name}/${nic.name}`,
    },
  ];
}

/** Free addresses of the pools open on the other nodes, what the leaving Pods give back included. */
function roomOn(
  watch: Watch,
  pools: readonly SpiderIPPool[],
  classes: readonly NodeClass[],
  drained: string,
  leaving: readonly Holder[],
): number {
  const others = classes.map((nodes) => nodes.find((node) => node !== drained)).filter((node) => node !== undefined);
  const open = pools.filter((pool) => others.some((node) => watch.nodes.isOpen(pool, node)));
  const names = new Set(open.map((pool) => pool.metadata.name));
  const back = leaving.filter((holder) => names.has(holder.pool)).length;
  return open.reduce((sum, pool) => sum + watch.last.capacity(pool) - watch.last.occupancy(pool).used, back);
}

/** The workload's own Pods in its pools: a pool may be shared. */
function holdersOf(watch: Watch, { workload, nic, pools }: Placed): Holder[] {
  const holders = pools.flatMap((pool) => watch.snapshot.use.byPool.get(pool.metadata.name) ?? []);
  if (nic.ask.type === "fixed") return holders;
  return holders.filter(({ pod }) => workloadsAbove(watch.snapshot, pod).includes(workload.name));
}

function nodeOf(watch: Watch, holder: Holder): string {
  const spec = watch.snapshot.pods.get(holder.pod)?.spec as { nodeName?: string } | undefined;
  return holder.node || (spec?.nodeName ?? "");
}
