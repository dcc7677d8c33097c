import type { VerdictEntry } from "../outcome.js";
import { podTemplate, type Snapshot, workloadKey } from "../snapshot.js";
import { readPoolsAnnotation } from "../spiderpool/ipam/annotations.js";
import { additionalNics, FIRST_NIC, networkOfNic } from "../spiderpool/ipam/networks.js";
import { type PodFacts, templateFacts } from "../spiderpool/ipam/pod-facts.js";
import { KEYS, type KubeObject } from "../spiderpool/objects.js";
import { candidatesIn, replay, type Scene } from "./replay.js";
import type { Touched } from "./touched.js";

/** A template none of whose Pods has an address, that would find no pool on any node after the change but did before. */
export interface StrandedTemplate {
  readonly entry: VerdictEntry;
  /** Numbers of the steps that concern it. */
  readonly steps: readonly number[];
}

/** Judges one idle template, for `strands` only (DESIGN 6): by a Pod that does not exist yet, on every node it allows. */
export function judgeIdle(workload: KubeObject, before: Scene, after: Scene, touched: Touched): StrandedTemplate[] {
  const now = after.snapshot.workloads.get(workloadKey(workload)) ?? workload;
  const bare = templateFacts(workload, before.snapshot);
  return nicsOf(bare).flatMap((nic) => {
    const names = [candidatesIn(before, bare, nic), candidatesIn(after, templateFacts(now, after.snapshot), nic)];
    const pools = new Set(names.flatMap(({ v4, v6 }) => [...v4, ...v6]));
    const steps = [
      ...(touched.workloads.get(workloadKey(workload)) ?? []),
      ...(touched.namespaces.get(bare.namespace) ?? []),
      ...(touched.networks.get(networkOfNic(bare, nic, before.facts) ?? "") ?? []),
      ...[...pools].sort().flatMap((pool) => touched.pools.get(pool) ?? []),
    ];
    if (steps.length === 0) return [];
    const [was, will] = [failureOnAll(workload, before, nic), failureOnAll(now, after, nic)];
    if (was !== undefined || will === undefined) return [];
    const reasons = [
      ...[...pools].sort().flatMap((pool) => touched.changesOf(pool).map((change) => `${pool}: ${change}`)),
      will,
    ];
    const entry = {
      pod: `${bare.namespace}/${bare.name}`,
      interface: nic,
      address: "",
      pool: "",
      owner: `${workloadKey(workload)}/${nic}`,
      reasons: [`no Pod of ${workloadKey(workload)} has an address yet`, ...reasons],
    };
    return [{ entry, steps }];
  });
}

/** NICs the template asks Spiderpool for: those of its `ippools` annotation, else eth0 and its further networks. */
export function nicsOf(pod: PodFacts): string[] {
  const chosen = pod.annotations[KEYS.ippools];
  const items = chosen === undefined ? undefined : readPoolsAnnotation(chosen, pod);
  if (items !== undefined && typeof items !== "string") return items.map((item) => item.nic);
  return [FIRST_NIC, ...(additionalNics(pod) ?? []).map((entry) => entry.nic)];
}

/** Why a Pod of the template gets nothing on any node it allows; undefined if it gets something on one. */
function failureOnAll(workload: KubeObject, scene: Scene, nic: string): string | undefined {
  let failure: string | undefined;
  const found = candidatesIn(scene, templateFacts(workload, scene.snapshot), nic);
  const nodes = nodesFor(workload, scene.snapshot);
  for (const node of choosesNodes(scene, [...found.v4, ...found.v6]) ? nodes : nodes.slice(0, 1)) {
    const pod = templateFacts(workload, scene.snapshot, undefined, node);
    const free = (pool: Parameters<Scene["capacity"]>[0]) => scene.capacity(pool) - scene.occupancy(pool).used;
    const asked = ([4, 6] as const).filter((family) => (family === 4 ? found.v4 : found.v6).length > 0);
    const failures = (asked.length > 0 ? asked : [4 as const]).map(
      (family) => replay(scene, pod, nic, family, found, free).failure,
    );
    const [first] = failures.filter((one) => one !== undefined);
    if (first === undefined) return undefined;
    failure ??= first;
  }
  return failure;
}

/** Whether a node makes any difference to these pools. */
function choosesNodes({ snapshot }: Scene, pools: readonly string[]): boolean {
  return pools.some((name) => {
    const spec = snapshot.pools.get(name)?.spec;
    return (spec?.nodeName?.length ?? 0) > 0 || spec?.nodeAffinity !== undefined;
  });
}

/** Names of nodes the template's nodeSelector allows; one unknown node where none is known. */
function nodesFor(workload: KubeObject, snapshot: Snapshot): (string | undefined)[] {
  const selector = (podTemplate(workload)?.spec?.nodeSelector ?? {}) as Record<string, string>;
  const fits = (node: KubeObject) =>
    Object.entries(selector).every(([key, value]) => node.metadata.labels?.[key] === value);
  const names = [...snapshot.nodes.values()].filter(fits).map((node) => node.metadata.name);
  return names.length > 0 ? names.sort() : [undefined];
}
