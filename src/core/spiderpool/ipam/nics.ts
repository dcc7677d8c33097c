import type { SpiderpoolFacts } from "../facts.js";
import { KEYS } from "../objects.js";
import { type NicPools, ownChoice } from "./annotations.js";
import { ipamOf, type NetworkWorld } from "./network-defaults.js";
import { additionalNics, FIRST_NIC, networkOfNic } from "./networks.js";
import type { PodFacts } from "./pod-facts.js";

type Asking = Pick<PodFacts, "namespace" | "annotations">;

/** NICs a Pod asks Spiderpool for: those its `ippools` annotation lists, else eth0 and those of its further networks (A4). */
export function askedNics(pod: Asking): string[] {
  return listedItems(pod)?.map(({ nic }) => nic) ?? presentNics(pod);
}

/**
 * The NICs of a Pod with several networks of which it is certain that Spiderpool serves them: listed in its `ippools`
 * annotation, served before, or on a network that the cluster defines as Spiderpool's. One that gets no address fails
 * the whole Pod (A10), and so does one that `ippools` does not list (A4).
 * @param served NICs that have an address by the Pod's endpoint
 * @param isSpiderpools whether the definition of a NIC's network ends in Spiderpool's IPAM
 */
export function boundNics(
  pod: Asking,
  served: readonly string[],
  isSpiderpools: (nic: string) => boolean,
): readonly string[] {
  if (pod.annotations[KEYS.networks] === undefined) return [];
  const known = new Set([...(listedItems(pod) ?? []).map(({ nic }) => nic), ...served]);
  return presentNics(pod).filter((nic) => known.has(nic) || isSpiderpools(nic));
}

/** NICs that ask Spiderpool when the Pod starts: those it asks for, and those its `ippools` annotation forgot. */
export function startingNics(pod: PodFacts, world: NetworkWorld, facts: SpiderpoolFacts): string[] {
  return [...askedNics(pod), ...unlistedNics(pod, world, facts)];
}

/** NICs on networks of Spiderpool's that the `ippools` annotation does not list: each fails the Pod (A4). */
export function unlistedNics(pod: PodFacts, world: NetworkWorld, facts: SpiderpoolFacts): readonly string[] {
  const listed = listedItems(pod)?.map(({ nic }) => nic);
  if (listed === undefined) return [];
  return presentNics(pod).filter((nic) => {
    const network = listed.includes(nic) ? undefined : networkOfNic(pod, nic, facts);
    return network !== undefined && ipamOf(network, world) === "spiderpool";
  });
}

/** NICs of a Pod: eth0 and those of its further networks; undefined where nobody can tell. */
export function nicsOfPod(pod: Asking): ReadonlySet<string> | undefined {
  const more = additionalNics(pod);
  return more && new Set([FIRST_NIC, ...more.map(({ nic }) => nic)]);
}

function presentNics(pod: Asking): string[] {
  return [FIRST_NIC, ...(additionalNics(pod) ?? []).map(({ nic }) => nic)];
}

/** Undefined where there is no `ippools`, or none that can be read. */
function listedItems(pod: Asking): readonly NicPools[] | undefined {
  const chosen = ownChoice(pod);
  return chosen?.source === "ippools annotation" && typeof chosen.read !== "string" ? chosen.read : undefined;
}
