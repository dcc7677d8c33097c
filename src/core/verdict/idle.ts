import { templateFacts } from "../cluster/pod-facts.js";
import { workloadsInForce } from "../cluster/successor.js";
import { workloadKey } from "../cluster/workload-of.js";
import type { VerdictEntry } from "../outcome.js";
import { namedPools } from "../spiderpool/ipam/candidates.js";
import { FIRST_NIC, networkOfNic } from "../spiderpool/ipam/networks.js";
import { nicsOfPod, startingNics } from "../spiderpool/ipam/nics.js";
import type { PodFacts } from "../spiderpool/ipam/pod-facts.js";
import { KEYS, type KubeObject } from "../spiderpool/objects.js";
import { asksNoMore, isGone, networkGone } from "./impact.js";
import type { NodeClass } from "./node-classes.js";
import { candidatesIn, replay, type Scene } from "./replay.js";
import type { Touched } from "./touched.js";

/** A template none of whose Pods has an address, that would find no pool on any node after the change but did before. */
export interface StrandedTemplate {
  readonly entry: VerdictEntry;
  /** The workload or ReplicaSet that has the template. */
  readonly template: KubeObject;
  /** Numbers of the steps that concern it. */
  readonly steps: readonly number[];
}

/**
 * Judges one idle template, for `strands` only (DESIGN 6): by a Pod that does not exist yet, on every node it allows. A node
 * serves it where none of its NICs fails, since one fails the whole Pod (A10).
 */
export function judgeIdle(workload: KubeObject, before: Scene, after: Scene, touched: Touched): StrandedTemplate[] {
  const now = after.snapshot.workloads.get(workloadKey(workload)) ?? workload;
  const found = new Map<string, StrandedTemplate>();
  for (const inForce of workloadsInForce(workload, before.snapshot)) {
    // A paused Deployment goes on with its ReplicaSets, whatever becomes of its template.
    const next = inForce === workload ? now : inForce;
    for (const one of judgeTemplate(inForce, next, { before, after }, touched)) found.set(one.entry.interface, one);
  }
  return [...found.values()];
}

function judgeTemplate(
  workload: KubeObject,
  now: KubeObject,
  { before, after }: { readonly before: Scene; readonly after: Scene },
  touched: Touched,
): StrandedTemplate[] {
  const bare = templateFacts(workload, before.snapshot);
  const wished = templateFacts(now, after.snapshot);
  const asked = [...comingNics(bare, before), ...comingNics(wished, after)];
  const nics = [...new Set(asked)].map((nic) => ({
    nic,
    ...concerning(workload, nic, { before, after, bare, wished }, touched),
  }));
  if (nics.every(({ steps }) => steps.length === 0)) return [];
  const found = whereUp(workload, before);
  if (found === undefined) return [];
  const { was, nodes } = found;
  const gone = asked.filter((nic) => isGone(before.asking(bare, nic), after.asking(wished, nic)));
  const leaving = asked.filter((nic) => asksNoLonger(nic, { before, after, bare, wished }));
  const all = startsOn(now, after, nodes, { gone, leaving });
  const will = all.filter(isUp);
  return nics.flatMap(({ nic, pools, steps }) => {
    const failure = will.length > 0 ? lost(nic, was, will) : (firstFailure(nic, all) ?? lost(nic, was, all));
    if (failure === undefined || steps.length === 0) return [];
    const reasons = [
      ...pools.flatMap((pool) => touched.changesOf(pool).map((change) => `${pool}: ${change}`)),
      failure,
    ];
    const entry = {
      pod: `${bare.namespace}/${bare.name}`,
      interface: nic,
      address: "",
      pool: "",
      owner: `${workloadKey(workload)}/${nic}`,
      reasons: [`no Pod of ${workloadKey(workload)} has an address yet`, ...reasons],
    };
    return [{ entry, template: workload, steps }];
  });
}

/** Whether a NIC that the template still has leaves Spiderpool's hands. */
function asksNoLonger(nic: string, { before, after, bare, wished }: Change): boolean {
  const isThere = nicsOfPod(wished)?.has(nic) === true;
  return isThere && before.asking(bare, nic).asks === "yes" && after.asking(wished, nic).asks === "no";
}

/** A Pod of the template before and after. */
interface Change {
  readonly before: Scene;
  readonly after: Scene;
  readonly bare: PodFacts;
  readonly wished: PodFacts;
}

/** NICs that may ask Spiderpool when such a Pod starts, also those its annotation forgot (A4). */
function comingNics(pod: PodFacts, { snapshot, facts, asking }: Scene): string[] {
  return startingNics(pod, snapshot, facts).filter((nic) => asking(pod, nic).asks !== "no");
}

/** The pools a NIC names before or after, and the steps that touch what it depends on. */
function concerning(workload: KubeObject, nic: string, { before, after, bare, wished }: Change, touched: Touched) {
  const names = [candidatesIn(before, bare, nic), candidatesIn(after, wished, nic)];
  const networks = [bare, wished].map((pod) => networkOfNic(pod, nic, before.facts) ?? "");
  const pools = [...new Set(names.flatMap(namedPools))].sort();
  const steps = [
    ...(touched.workloads.get(workloadKey(workload)) ?? []),
    ...(touched.namespaces.get(bare.namespace) ?? []),
    ...[...new Set(networks)].flatMap((network) => touched.networks.get(network) ?? []),
    ...pools.flatMap((pool) => touched.pools.get(pool) ?? []),
  ];
  return { pools, steps };
}

/** What one NIC of a Pod gets on one node: an address, nothing and no error (A5), or a failure of the whole Pod. */
interface NicStart {
  readonly type: "served" | "silent" | "failed";
  readonly told: string;
}

type Start = ReadonlyMap<string, NicStart>;

/**
 * The nodes on which the template is judged, and where of them its Pods start: those it allows now, or once cordoned and
 * dead ones are back; one that nobody knows where none of the known will ever do. Undefined if its Pods start nowhere.
 */
function whereUp(workload: KubeObject, scene: Scene): { nodes: NodeClass; was: readonly Start[] } | undefined {
  const lasting = scene.nodes.lasting(workload);
  for (const nodes of [scene.nodes.allowed(workload), lasting.length > 0 ? lasting : [undefined]]) {
    const was = startsOn(workload, scene, nodes).filter(isUp);
    if (was.length > 0) return { nodes, was };
  }
  return undefined;
}

/**
 * What the NICs of a Pod of the template get, on each class of nodes.
 * @param gone NICs whose network is not there any more
 * @param leaving NICs that ask Spiderpool no longer, listed in its annotation or not
 */
function startsOn(
  workload: KubeObject,
  scene: Scene,
  nodes: NodeClass,
  { gone, leaving }: { readonly gone: readonly string[]; readonly leaving: readonly string[] } = NO_CHANGE,
): Start[] {
  const bare = templateFacts(workload, scene.snapshot);
  const nics = [...new Set([...startingNics(bare, scene.snapshot, scene.facts), ...leaving])];
  const pools = nics.flatMap((nic) => {
    const { v4, v6 } = candidatesIn(scene, bare, nic);
    return [...v4, ...v6].map((name) => scene.snapshot.pools.get(name));
  });
  return scene.nodes.classes(pools, nodes).map(([node]) => {
    const pod = templateFacts(workload, scene.snapshot, undefined, node);
    const start = (nic: string) => (gone.includes(nic) ? failed(networkGone(nic)) : nicStart(scene, pod, nic));
    return new Map(nics.map((nic) => [nic, start(nic)]));
  });
}

const NO_CHANGE = { gone: [], leaving: [] };

function failed(told: string): NicStart {
  return { type: "failed", told };
}

function nicStart(scene: Scene, pod: PodFacts, nic: string): NicStart {
  if (scene.asking(pod, nic).asks === "no") return { type: "silent", told: asksNoMore(nic) };
  const found = candidatesIn(scene, pod, nic);
  const free = (pool: Parameters<Scene["capacity"]>[0]) => scene.capacity(pool) - scene.occupancy(pool).used;
  const asked = ([4, 6] as const).filter((family) => (family === 4 ? found.v4 : found.v6).length > 0);
  const [failure] = (asked.length > 0 ? asked : [4 as const]).flatMap(
    (family) => replay(scene, pod, nic, family, found, free).failure ?? [],
  );
  if (failure === undefined) return { type: "served", told: "" };
  const failsPod = (asked.length > 0 || found.error !== undefined) && !isOverlay(pod, nic, scene);
  return { type: failsPod ? "failed" : "silent", told: failure };
}

/** Whether eth0 may be another network's, which brings its own addresses: then it fails nobody. */
function isOverlay(pod: PodFacts, nic: string, { facts }: Scene): boolean {
  if (nic !== FIRST_NIC || pod.annotations[KEYS.networks] === undefined) return false;
  const network = networkOfNic(pod, nic, facts);
  return pod.annotations[KEYS.ippools] === undefined && (network === undefined || network === "unknown");
}

function isUp(start: Start): boolean {
  const all = [...start.values()];
  return all.every(({ type }) => type !== "failed") && all.some(({ type }) => type === "served");
}

/** Why a NIC starts without an address wherever the Pod starts, though it had one; undefined if it has. */
function lost(nic: string, was: readonly Start[], will: readonly Start[]): string | undefined {
  const served = (starts: readonly Start[]) => starts.some((start) => start.get(nic)?.type === "served");
  return served(was) && !served(will) ? will[0]?.get(nic)?.told : undefined;
}

/** Why the NIC fails the Pod, on the first node where it does. */
function firstFailure(nic: string, starts: readonly Start[]): string | undefined {
  return starts.map((start) => start.get(nic)).find((start) => start?.type === "failed")?.told;
}
