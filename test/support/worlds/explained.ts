import { explainNic, type FamilyExplanation, type NicExplanation } from "../../../src/core/query/explain.js";
import { type ExplainTarget, findTarget } from "../../../src/core/query/explain-target.js";
import type { Snapshot } from "../../../src/core/snapshot.js";
import type { SpiderpoolFacts } from "../../../src/core/spiderpool/facts.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { sceneOf } from "../../../src/core/verdict/replay.js";
import { heldBy, type Prospect, prospects } from "./agent.js";
import { asked, networksOf } from "./asking.js";
import type { Violation } from "./findings.js";
import { asTemplate } from "./kubernetes.js";
import { isOnHost, isOver } from "./life.js";
import { isLauncher, machinesExplained } from "./machines.js";
import { endpointsOf, keyOf, type Objects } from "./objects.js";

/** `explain` says of every Pod what Spiderpool's agent would do at its next start, so that it never differs from the verdict. */
export function explainFaults(objects: Objects, snapshot: Snapshot, facts: SpiderpoolFacts): Violation[] {
  const scene = sceneOf(snapshot, facts);
  const pods = [...objects.all("Pod").values()].filter(
    (pod) => !isOver(pod) && !isOnHost(pod) && !isLauncher(pod) && pod.metadata.deletionTimestamp === undefined,
  );
  const machines = machinesExplained(objects, snapshot, facts);
  return pods
    .flatMap((pod) => {
      const next = asTemplate(objects, pod);
      // No Pod starts where a network is gone, whatever its pools say.
      const networks = [...networksOf(next).values()];
      if (networks.some((one) => !objects.all("SpiderMultusConfig").has(one))) return [];
      const found = findTarget(snapshot, keyOf(pod), undefined, facts);
      if ("error" in found) return [violation(pod, `is not found: ${found.error}`)];
      // Where a Pod may have either of two successors, one of them is the one that comes here.
      const faults = found.targets.map((target) =>
        faultOf(objects, next, target, (nic) => explainNic(scene, target, nic)),
      );
      const [fault] = faults;
      return fault === undefined || faults.includes(undefined) ? [] : [violation(pod, fault)];
    })
    .concat(machines);
}

function violation(pod: KubeObject, message: string): Violation {
  return { invariant: "explain", message: `${keyOf(pod)} ${message}` };
}

/** What `explain` gets wrong of a Pod; undefined = nothing. */
function faultOf(
  objects: Objects,
  pod: KubeObject,
  target: ExplainTarget,
  explain: (nic: string) => NicExplanation,
): string | undefined {
  if (target.asksNobody !== undefined) return `is said to ask nobody: ${target.asksNobody}`;
  const nics = [...networksOf(pod).keys()];
  const told = new Map(nics.map((nic) => [nic, explain(nic)]));
  const will = prospects(objects, pod);
  const names = asked(objects, pod);
  if (will === undefined) {
    const fails = [...told.values()].some((one) => one.error !== undefined || one.families.some(isWithout));
    const nothing = [...told.values()].every((one) => one.families.every((family) => !isAsked(family)));
    return fails || nothing ? undefined : "gets no address, and nothing that is said tells why";
  }
  const held = heldBy(endpointsOf(objects).get(keyOf(pod)));
  for (const [nic, one] of told) {
    const prospect = will.get(nic);
    if ((one.asksNobody !== undefined) === (names?.has(nic) ?? false))
      return `asks for ${nic}, or not: the contrary is said`;
    if (one.asksNobody !== undefined) continue;
    if (one.error !== undefined) return `is said to fail on ${nic}: ${one.error}`;
    if (prospect === undefined) {
      if (one.families.some(isAsked)) return `gets nothing on ${nic}, and something is said`;
      continue;
    }
    const own = held.filter((each) => each.nic === nic).map(({ address, pool }) => `${address} of ${pool}`);
    const [expected, said] = [wanted(prospect, own), answer(one, prospect)];
    if (expected !== said) return `gets ${expected} on ${nic}, and ${said || "nothing"} is said`;
  }
  return undefined;
}

function wanted(prospect: Prospect, own: readonly string[]): string {
  if (prospect === "own") return [...own].sort().join(", ");
  return [...prospect]
    .map(([family, pools]) => `IPv${family} of ${[...pools].sort().join(" or ")}`)
    .sort()
    .join(", ");
}

function answer({ families }: NicExplanation, prospect: Prospect): string {
  if (prospect === "own") {
    const kept = families.flatMap(({ next }) => next).filter((one) => one.kept);
    return kept
      .map(({ address, pool }) => `${address} of ${pool}`)
      .sort()
      .join(", ");
  }
  return families
    .filter(isAsked)
    .map(
      ({ family, next }) =>
        `IPv${family} of ${next
          .map(({ pool, kept }) => `${pool}${kept ? " (its own)" : ""}`)
          .sort()
          .join(" or ")}`,
    )
    .sort()
    .join(", ");
}

function isAsked({ usable, refused }: FamilyExplanation): boolean {
  return usable.length + refused.length > 0;
}

function isWithout(one: FamilyExplanation): boolean {
  return isAsked(one) && one.next.length === 0;
}
