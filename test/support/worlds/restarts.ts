import type { Step } from "../../../src/core/change/step.js";
import { type KubeObject, objectKey } from "../../../src/core/spiderpool/objects.js";
import { heldBy, type Prospect, prospects } from "./agent.js";
import type { Family } from "./asking.js";
import type { Chance } from "./chance.js";
import type { Violation } from "./findings.js";
import { asTemplate, Kubernetes } from "./kubernetes.js";
import { isOver } from "./life.js";
import { Copy, endpointsOf, keyOf, type Objects, poolsOf, recordsOf, withRecords } from "./objects.js";

/** How many orders of restarts are tried to find somebody who gets nothing, and to find that it was so before. */
const SCHEDULES = { after: 3, before: 1_000 };

/** Pods that have addresses. */
export function holders(objects: Objects): KubeObject[] {
  return [...objects.all("Pod").values()]
    .filter((pod) => {
      const endpoint = endpointsOf(objects).get(keyOf(pod));
      return !isOver(pod) && endpoint?.status?.current?.uid === pod.metadata.uid && heldBy(endpoint).length > 0;
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
    // Nothing is lost that it never had: a default that was added and is taken back before anybody restarted.
    if (now === undefined && !families.has(family)) continue;
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

/**
 * The cluster as if every pool had a record of what live Pods have of it. Without one Spiderpool gives the address out a
 * second time (SP4224 tells): to be served by it is nothing a change may not take away.
 */
export function withLostRecords(objects: Objects): Objects {
  const copy = new Copy(objects);
  for (const pod of holders(objects))
    for (const { address, pool: name } of heldBy(endpointsOf(objects).get(keyOf(pod)))) {
      const pool = poolsOf(copy).get(name);
      if (pool === undefined || recordsOf(pool)[address] !== undefined) continue;
      const record = { pod: keyOf(pod), podUid: pod.metadata.uid! };
      copy.put(withRecords(pool, { ...recordsOf(pool), [address]: record }));
    }
  return copy;
}

/** FIXED-8 on a change that was carried out (or half of it): nobody who is up moves or strands by it. */
export function restartFaults(before: Objects, after: Objects, chance: Chance, mayMove: Permission): Violation[] {
  const found: Violation[] = [];
  const harmed = new Set<string>();
  const pods = holders(before);
  for (const pod of pods) {
    const harms = harmTo(before, after, pod, mayMove);
    const recorded = harms.size > 0 ? harmTo(withLostRecords(before), withLostRecords(after), pod, mayMove) : harms;
    for (const [nic, harm] of harms) {
      if (!recorded.has(nic)) continue;
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

function told(pools: ReadonlyMap<number, ReadonlySet<string>>): string {
  return [...pools.values()].flatMap((names) => [...names]).join(" or ");
}
