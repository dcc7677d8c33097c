import { KEYS } from "../objects.js";
import { readPoolsAnnotation } from "./annotations.js";
import { additionalNics, FIRST_NIC } from "./networks.js";
import type { PodFacts } from "./pod-facts.js";

/**
 * The NICs a Pod with several networks has and lists in its `ippools` annotation (A4): Spiderpool serves them in one go, or
 * none of them.
 */
export function listedNics(pod: PodFacts): readonly string[] {
  const text = pod.annotations[KEYS.ippools];
  if (text === undefined || pod.annotations[KEYS.networks] === undefined) return [];
  const items = readPoolsAnnotation(text, pod);
  if (typeof items === "string") return [];
  const there = new Set([FIRST_NIC, ...(additionalNics(pod) ?? []).map(({ nic }) => nic)]);
  return items.map(({ nic }) => nic).filter((nic) => there.has(nic));
}
