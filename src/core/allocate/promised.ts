import { ownershipOf } from "../change/ownership.js";
import type { Family } from "../ip/address.js";
import { type KubeObject, OWN } from "../spiderpool/objects.js";
import { installLabel, isQuarantine } from "./quarantine.js";

/** The SpiderReservedIP that keeps what an install's lock promises and no pool offers yet; one a family. */
export function promisedName(install: string, family: Family): string {
  return `spiderplan-promised-${installLabel(install)}-v${family}`;
}

/** Whether a SpiderReservedIP is that one of this install; one that lost its marks has the name. */
export function isPromised(reserved: KubeObject, install: string): boolean {
  const { name, annotations } = reserved.metadata;
  const { type } = ownershipOf(reserved, install);
  if (type !== "none") return type === "ours" && annotations?.[OWN.promised] !== undefined;
  return ([4, 6] as const).some((family) => name === promisedName(install, family));
}

/** Whether a SpiderReservedIP is one that spiderplan keeps for itself, rather than one the plan or somebody else asked for. */
export function isOwnReservation(reserved: KubeObject, install: string): boolean {
  return isQuarantine(reserved, install) || isPromised(reserved, install);
}
