import { applyMergePatch } from "../change/merge-patch.js";
import type { Step } from "../change/step.js";
import { templateUsers, withTemplateOf } from "../cluster/template-reference.js";
import type { Tenant } from "../cluster/tenants.js";
import { workloadKey } from "../cluster/workload-of.js";
import { podTemplate, type Snapshot } from "../snapshot.js";
import type { PodFacts } from "../spiderpool/ipam/pod-facts.js";
import type { KubeObject } from "../spiderpool/objects.js";

/**
 * The cluster as the given steps leave it, use of addresses untouched: what Pods would meet at their next restart.
 * Steps that are held back do nothing.
 */
export function snapshotAfter(snapshot: Snapshot, steps: readonly Step[]): Snapshot {
  const pools = new Map<string, KubeObject>(snapshot.pools);
  const subnets = new Map<string, KubeObject>(snapshot.subnets);
  const reserved = new Map<string, KubeObject>(snapshot.reserved);
  const multusConfigs = new Map<string, KubeObject>(snapshot.multusConfigs);
  const networkAttachments = new Map(snapshot.networkAttachments);
  const namespaces = new Map(snapshot.namespaces);
  const workloads = new Map(snapshot.workloads);
  const maps: Readonly<Record<string, Map<string, KubeObject>>> = {
    SpiderIPPool: pools,
    SpiderSubnet: subnets,
    SpiderReservedIP: reserved,
    SpiderMultusConfig: multusConfigs,
    Namespace: namespaces,
  };
  for (const step of steps) {
    if (step.blocked) continue;
    const map = maps[step.kind.kind] ?? workloads;
    const key = map === workloads ? workloadKey(step.object) : keyOf(step);
    const old = map.get(key);
    if (step.action === "delete" && map === multusConfigs) withoutAttachments(networkAttachments, step);
    if (step.action === "delete") map.delete(key);
    else map.set(key, old === undefined ? step.object : (applyMergePatch(old, step.patch ?? {}) as KubeObject));
  }
  for (const user of [...templateUsers(snapshot.workloads).values()].flat()) {
    const now = workloads.get(user);
    if (now !== undefined) workloads.set(user, withTemplateOf(now, workloads) ?? now);
  }
  return {
    ...snapshot,
    pools,
    subnets,
    reserved,
    multusConfigs,
    networkAttachments,
    namespaces,
    workloads,
  } as Snapshot;
}

/** The net-attach-def that Spiderpool made goes with its config (X11). */
function withoutAttachments(attachments: Map<string, KubeObject>, { namespace, name }: Step): void {
  for (const [key, { metadata }] of attachments) {
    const made = metadata.ownerReferences?.some((owner) => owner.kind === "SpiderMultusConfig" && owner.name === name);
    if (made && metadata.namespace === namespace) attachments.delete(key);
  }
}

/** The annotations a workload's Pods get anew when its template changed; undefined where it did not. */
function changedTemplate(
  key: string | undefined,
  before: Snapshot,
  after: Snapshot,
): Readonly<Record<string, string>> | undefined {
  if (key === undefined) return undefined;
  const [old, now] = [before.workloads.get(key), after.workloads.get(key)];
  if (old === now || now === undefined) return undefined;
  const asks = (workload: KubeObject | undefined) => workload && podTemplate(workload)?.metadata?.annotations;
  // Read twice, an object is another one and says the same.
  return JSON.stringify(asks(old)) === JSON.stringify(asks(now)) ? undefined : (asks(now) ?? {});
}

/** The annotations a successor gets anew; undefined where no edit of its template reaches it. */
export function templateOfNext(
  { workload, followsTemplate }: Pick<Tenant, "workload" | "followsTemplate">,
  before: Snapshot,
  after: Snapshot,
): Readonly<Record<string, string>> | undefined {
  return followsTemplate ? changedTemplate(workload, before, after) : undefined;
}

/** The Pod that would come after the change: its Namespace and its template may say something else by then. */
export function restarted(tenant: Tenant, before: Snapshot, after: Snapshot): PodFacts | undefined {
  const { facts } = tenant;
  if (facts === undefined) return undefined;
  const template = templateOfNext(tenant, before, after);
  const namespace = after.namespaces.get(facts.namespace);
  return {
    ...facts,
    ...(template && { annotations: template }),
    ...(namespace && {
      namespaceLabels: namespace.metadata.labels ?? {},
      namespaceAnnotations: namespace.metadata.annotations ?? {},
    }),
  };
}

function keyOf(step: Step): string {
  return step.namespace ? `${step.namespace}/${step.name}` : step.name;
}
