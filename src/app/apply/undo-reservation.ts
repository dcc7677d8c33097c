import { reservedSets } from "../../core/allocate/quarantine.js";
import type { Step } from "../../core/change/step.js";
import { type Address, formatAddress } from "../../core/ip/address.js";
import { contains, subtract } from "../../core/ip/range-set.js";
import type { Snapshot } from "../../core/snapshot.js";
import { KINDS, type KubeObject, OWN, type SpiderReservedIP } from "../../core/spiderpool/objects.js";

/** Whether a step makes or changes a reservation of the plan, rather than a quarantine. */
export function reserves(step: Step): boolean {
  const isReservation = step.kind === KINDS.SpiderReservedIP && step.action !== "delete";
  return isReservation && step.object.metadata.annotations?.[OWN.quarantine] === undefined;
}

/**
 * An address a reservation gained in this run and a Pod took at the same time; the reservation would strand the Pod at
 * its next restart (V7, D5).
 * @param before use right before the reservation was written: who was there then was judged by the decision
 */
export function takenMeanwhile(step: Step, before: Snapshot, after: Snapshot): string | undefined {
  const wanted = reservedSets(step.object as SpiderReservedIP);
  const had = step.live === undefined ? { v4: [], v6: [] } : reservedSets(step.live as SpiderReservedIP);
  const gained = { v4: subtract(wanted.v4, had.v4), v6: subtract(wanted.v6, had.v6) };
  const isGained = (address: Address) => contains(typeof address === "number" ? gained.v4 : gained.v6, address);
  for (const [address, holders] of after.use.byAddress) {
    if (!isGained(address) || before.use.byAddress.has(address)) continue;
    return `${formatAddress(address)} was taken by ${holders[0]!.pod} meanwhile; run again`;
  }
  return undefined;
}

/**
 * The step that takes a reservation back.
 * @param written the reservation as our write left it
 */
export function undoReservation(step: Step, written: KubeObject): Step {
  const reason = "taken back: an address of it was handed out meanwhile";
  if (step.live === undefined)
    return { ...step, action: "delete", object: written, live: written, patch: undefined, reason };
  const { ips = null } = (step.live as SpiderReservedIP).spec;
  return { ...step, action: "update", live: written, patch: { spec: { ips } }, reason };
}
