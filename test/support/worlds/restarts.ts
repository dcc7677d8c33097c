import { applyMergePatch } from "../../../src/core/change/merge-patch.js";
import type { Step } from "../../../src/core/change/step.js";
import type { Outcome, VerdictEntry } from "../../../src/core/outcome.js";
import { type KubeObject, OWN, objectKey } from "../../../src/core/spiderpool/objects.js";
import { offeredBy } from "./addresses.js";
import { comeBack, heldBy, type Prospect, prospects } from "./agent.js";
import { asked, type Family, tried } from "./asking.js";
import type { Chance } from "./chance.js";
import type { Violation } from "./findings.js";
import { isOrdinal, Kubernetes } from "./kubernetes.js";
import { Copy, endpointsOf, keyOf, type Objects, poolsOf, reservedOf } from "./objects.js";
import { reservedAll } from "./standing.js";

/** How many orders of restarts are tried to find somebody who gets nothing, and to find that it was so before. */
const SCHEDULES = { after: 3, before: 80 };

/** Pods that have addresses. */
export function holders(objects: Objects): KubeObject[] {
  return [...objects.all("Pod").values()]
    .filter((pod) => {
      const endpoint = endpointsOf(objects).get(keyOf(pod));
      return endpoint?.status?.current?.uid === pod.metadata.uid && heldBy(endpoint).length > 0;
    })
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** Whether the plan wants a Pod to be served by a pool that did not serve it before. */
export type Permission = (pod: KubeObject, pool: string) => boolean;

/** FIXED-8 for one Pod that restarts alone: what each NIC of it loses; empty = it stays. */
export function harmTo(
  before: Objects,
  after: Objects,
  pod: KubeObject,
  mayMove: Permission = () => false,
): ReadonlyMap<string, string> {
  const was = prospects(before, asTemplate(before, pod));
  const will = prospects(after, asTemplate(after, pod));
  if (was === undefined) return new Map();
  const held = heldBy(endpointsOf(before).get(keyOf(pod)));
  const found = new Map<string, string>();
  for (const [nic, had] of was) {
    const families = new Set(held.filter((one) => one.nic === nic).map(({ family }) => family));
    const harm =
      will === undefined
        ? "would get no address"
        : harmToNic(had, will.get(nic), families, (pool) => mayMove(pod, pool));
    if (harm !== undefined) found.set(nic, harm);
  }
  return found;
}

/** @param families what the NIC has addresses of: one it had nothing of is a gain, wherever it is */
function harmToNic(
  was: Prospect,
  will: Prospect | undefined,
  families: ReadonlySet<Family>,
  mayMove: (pool: string) => boolean,
): string | undefined {
  if (will === "own") return undefined;
  if (will === undefined) return "would start without an address";
  const wanted = [...families].every((family) => [...(will.get(family) ?? [""])].every(mayMove));
  if (was === "own") return wanted ? undefined : `would lose its address and get one of ${told(will)}`;
  for (const [family, pools] of was) {
    const now = will.get(family);
    if (now === undefined) return `would lose IPv${family}`;
    const fresh = [...now].filter((pool) => !pools.has(pool) && !mayMove(pool));
    if (fresh.length > 0) return `would be served by ${fresh.join(" or ")}, before by ${[...pools].join(" or ")}`;
  }
  return undefined;
}

/** Pods, by key, that may end up without an address when these restart in some order. */
export function strandedBy(objects: Objects, chance: Chance, last?: string): Set<string> {
  const copy = new Copy(objects);
  const kubernetes = new Kubernetes(copy, (count) => chance.below(count), "r");
  const all = holders(copy);
  const some = chance.below(3) === 0 ? all : all.filter((pod) => keyOf(pod) === last || chance.below(3) > 0);
  let order = chance.shuffled(some);
  if (last !== undefined)
    order = [...order.filter((pod) => keyOf(pod) !== last), ...order.filter((pod) => keyOf(pod) === last)];
  // Some come one after another, some all at once.
  const together = chance.below(2) === 0;
  const stranded = new Set<string>();
  if (together) for (const pod of order) kubernetes.stop(pod);
  for (const pod of order) {
    const now = together ? kubernetes.startAfter(pod) : kubernetes.restart(pod);
    if (!kubernetes.hasAddress(now)) stranded.add(keyOf(pod));
  }
  return stranded;
}

/** FIXED-8 on a change that was carried out (or half of it): nobody who is up moves or strands by it. */
export function restartFaults(before: Objects, after: Objects, chance: Chance, mayMove: Permission): Violation[] {
  const found: Violation[] = [];
  const harmed = new Set<string>();
  const pods = holders(before);
  for (const pod of pods) {
    for (const [nic, harm] of harmTo(before, after, pod, mayMove)) {
      harmed.add(keyOf(pod));
      found.push({ invariant: "FIXED-8", message: `${keyOf(pod)} ${harm} on ${nic} at its next restart` });
    }
  }
  const fine = new Set(pods.map(keyOf).filter((key) => !harmed.has(key)));
  for (let round = 0; round < SCHEDULES.after; round++) {
    for (const key of strandedBy(after, chance)) {
      if (!fine.has(key) || mayStrand(before, key, chance)) continue;
      found.push({
        invariant: "FIXED-8",
        message: `${key} may find no address left when others restart too; before it always did`,
      });
      fine.delete(key);
    }
  }
  return found;
}

/** Whether some order of restarts leaves the Pod without an address. */
export function mayStrand(objects: Objects, key: string, chance: Chance): boolean {
  for (let round = 0; round < SCHEDULES.before; round++) {
    if (strandedBy(objects, chance, round % 4 === 3 ? undefined : key).has(key)) return true;
  }
  return false;
}

/** Alarms of a verdict that no restart confirms, in any state the blocked change goes through. */
export function falseAlarms(before: Objects, outcome: Outcome, chance: Chance): Violation[] {
  const entries = [...outcome.verdict.moves, ...outcome.verdict.strands];
  if (entries.length === 0) return [];
  const some = statesOf(before, outcome.steps, ["verdict"]);
  const most = statesOf(before, outcome.steps, ["verdict", "depends", "conflict", "waiting"]);
  // What a blocked change would have taken out of quarantine is not among the steps any more.
  const states = [
    ...some,
    ...most,
    ...[some, most].flatMap((list) => (list.length > 0 ? [withoutQuarantine(list.at(-1)!)] : [])),
  ];
  return entries.flatMap((entry) =>
    states.some((state) => confirms(before, state, entry, chance))
      ? []
      : [
          {
            invariant: "false alarm",
            message: `nothing happens to ${entry.pod} (${entry.address}), yet: ${entry.reasons.join("; ")}`,
          },
        ],
  );
}

function confirms(before: Objects, state: Objects, entry: VerdictEntry, chance: Chance): boolean {
  const pod = before.all("Pod").get(entry.pod);
  if (pod === undefined) return confirmsIdle(before, state, entry);
  const harm = harmTo(before, state, pod);
  if (entry.interface === "" ? harm.size > 0 : harm.has(entry.interface)) return true;
  const crowd = entry.reasons
    .map((reason) => /may come for the \d+ usable addresses of (.*)$/.exec(reason)?.[1])
    .find(Boolean);
  return crowd !== undefined && (outnumbered(state, crowd.split(", ")) || mayStrand(state, entry.pod, chance));
}

/** DESIGN 6: those who have an address of these pools or may come for one are more than their usable addresses. */
function outnumbered(objects: Objects, names: readonly string[]): boolean {
  const reserved = reservedAll(objects);
  const pools = names.flatMap((name) => poolsOf(objects).get(name) ?? []);
  const usable = new Set(pools.flatMap((pool) => offeredBy(pool).filter((address) => !reserved.has(address))));
  const rivals = holders(objects).filter((pod) => {
    const known = asTemplate(objects, pod);
    const held = heldBy(endpointsOf(objects).get(keyOf(pod)));
    if (held.some(({ address }) => usable.has(address))) return true;
    const back = comeBack(objects, known);
    return [...(asked(objects, known) ?? [])].some(
      ([nic, wanted]) =>
        !back.has(nic) &&
        ([4, 6] as const).some((family) =>
          tried(objects, known, { nic, family }, wanted[family])
            .flat()
            .some((pool) => names.includes(pool.metadata.name)),
        ),
    );
  });
  return rivals.length > usable.size;
}

function withoutQuarantine(objects: Objects): Objects {
  const copy = new Copy(objects);
  for (const reserved of [...reservedOf(copy).values()])
    if (reserved.metadata.annotations?.[OWN.quarantine] !== undefined) copy.remove(reserved);
  return copy;
}

/** A template without a Pod: no node is left on which it finds a pool. */
function confirmsIdle(before: Objects, state: Objects, entry: VerdictEntry): boolean {
  const served = (objects: Objects) => {
    const copy = new Copy(objects);
    const set = ["Deployment", "StatefulSet"].flatMap((kind) => copy.all(kind).get(entry.pod) ?? [])[0];
    if (set === undefined) return [];
    return [...copy.all("Node").keys()].filter((node) => prospects(copy, templatePod(set, node))?.has(entry.interface));
  };
  return served(before).length > 0 && served(state).length === 0;
}

/** The Pod a template would make on a node. */
export function templatePod(set: KubeObject, nodeName: string): KubeObject {
  const { template } = set.spec as { template: { metadata: { labels: object; annotations: object } } };
  const { namespace, name, uid } = set.metadata;
  const ownerReferences = [{ apiVersion: "apps/v1", kind: set.kind, name, uid, controller: true }];
  const own = set.kind === "StatefulSet" ? { "statefulset.kubernetes.io/pod-name": `${name}-0` } : {};
  const labels = { ...template.metadata.labels, ...own };
  const metadata = { ...template.metadata, labels, namespace, name: `${name}-0`, uid: "virtual", ownerReferences };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { nodeName } } as unknown as KubeObject;
}

/** The cluster after each wave of the steps that are not held back, or only for these reasons. */
function statesOf(before: Objects, steps: readonly Step[], reasons: readonly string[]): Objects[] {
  const states: Objects[] = [];
  const going = steps.filter((step) => step.blocked === undefined || reasons.includes(step.blocked.type));
  const state = new Copy(before);
  for (const wave of [...new Set(going.map((step) => step.wave))].sort((a, b) => a - b)) {
    for (const step of going.filter((one) => one.wave === wave)) carryOut(state, step);
    states.push(new Copy(state));
  }
  return states;
}

function carryOut(state: Copy, step: Step): void {
  const key = step.namespace ? `${step.namespace}/${step.name}` : step.name;
  const live = state.all(step.kind.kind).get(key);
  if (step.action === "delete") {
    if (live !== undefined) state.remove(live);
  } else state.put(live === undefined ? step.object : (applyMergePatch(live, step.patch ?? {}) as KubeObject));
}

/** FIXED-5: what was held back is as it was. */
export function blockedChanged(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  steps: readonly Step[],
): Violation[] {
  const going = new Set(steps.filter((step) => step.blocked === undefined).map(keyOfStep));
  const held = new Set(steps.filter((step) => step.blocked?.type === "verdict").map(keyOfStep));
  return [...held]
    .filter((key) => !going.has(key) && before.get(key) !== after.get(key))
    .map((key) => ({ invariant: "FIXED-5", message: `${key} is blocked and yet it changed` }));
}

export function keyOfStep(step: Step): string {
  return objectKey(step.kind.kind, step.namespace, step.name);
}

/** The Pod as its workload's template makes it now. */
function asTemplate(objects: Objects, pod: KubeObject): KubeObject {
  const kind = isOrdinal(pod) ? "StatefulSet" : "Deployment";
  const set = objects.all(kind).get(`${pod.metadata.namespace}/${pod.metadata.labels?.app}`);
  const template = (set?.spec as { template?: { metadata?: { annotations?: Record<string, string> } } } | undefined)
    ?.template;
  const annotations = template?.metadata?.annotations ?? pod.metadata.annotations;
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

function told(pools: ReadonlyMap<number, ReadonlySet<string>>): string {
  return [...pools.values()].flatMap((names) => [...names]).join(" or ");
}
