import type { Family } from "../ip/address.js";
import type { Workload } from "../plan/plan.js";
import { compareText } from "./order.js";

/**
 * Who holds addresses in one subnet (DESIGN 1): `<namespace>/<kind>/<workload>/<nic>` for a fixed NIC, followed by
 * `/pool:<name>` for a slice of a declared pool and by `/<ordinal>` where each Pod has its own; `pool:<name>` for the
 * `take` of a declared pool. Lock files are per subnet, so the subnet is not part of it.
 */
export type Owner = string;

/** An owner that is (part of) a NIC, taken apart. */
export interface NicOwner {
  readonly namespace: string;
  readonly kind: string;
  readonly workload: string;
  readonly nic: string;
  /** The declared pool a slice is cut from. */
  readonly slice?: string;
  /** Number of the one Pod it belongs to, as text. */
  readonly ordinal?: string;
}

/** The owner of a fixed NIC. */
export function nicOwner(workload: Pick<Workload, "namespace" | "kind" | "workload">, nic: string): Owner {
  return `${workload.namespace}/${workload.kind}/${workload.workload}/${nic}`;
}

/** The owner of what a NIC has of a declared pool. */
export function sliceOwner(nic: Owner, pool: string): Owner {
  return `${nic}/pool:${pool}`;
}

/** The owner of one Pod's address. */
export function ordinalOwner(owner: Owner, ordinal: number): Owner {
  return `${owner}/${ordinal}`;
}

/** The owner of a declared pool's `take`. */
export function takeOwner(pool: string): Owner {
  return `pool:${pool}`;
}

/** The pool whose `take` an owner is, or undefined for the owner of a NIC. */
export function takenPool(owner: Owner): string | undefined {
  return owner.startsWith("pool:") ? owner.slice("pool:".length) : undefined;
}

/** Taken apart; undefined for any text that is no owner of a NIC, `pool:` owners included. */
export function parseNicOwner(owner: Owner): NicOwner | undefined {
  const parts = owner.split("/");
  if (parts.length < 4 || parts.includes("")) return undefined;
  const [namespace, kind, workload, nic] = parts as [string, string, string, string];
  const rest = parts.slice(4);
  const slice = rest[0]?.startsWith("pool:") ? rest.shift()!.slice("pool:".length) : undefined;
  const ordinal = /^(0|[1-9]\d*)$/.test(rest[0] ?? "") ? rest.shift() : undefined;
  if (rest.length > 0 || slice === "") return undefined;
  return { namespace, kind, workload, nic, ...(slice !== undefined && { slice }), ...(ordinal && { ordinal }) };
}

/** Most owners end in the name of a NIC: only those that end in a number are taken apart. */
function ordinalOf(owner: Owner): string | undefined {
  for (let i = owner.lastIndexOf("/") + 1; i < owner.length; i++) {
    const code = owner.charCodeAt(i);
    if (code < 48 || code > 57) return undefined;
  }
  return parseNicOwner(owner)?.ordinal;
}

/** The NIC an owner is part of: `default/StatefulSet/web/eth0/2` -> `default/StatefulSet/web/eth0`; a take is its own. */
export function wholeNic(owner: Owner): Owner {
  let slash = -1;
  for (let part = 0; part < 4; part++) {
    slash = owner.indexOf("/", slash + 1);
    if (slash < 0) return owner;
  }
  return owner.slice(0, slash);
}

/** A NIC and one family of it, as a key. */
export function nicAndFamily(owner: Owner, family: Family): string {
  return `${wholeNic(owner)} ${family}`;
}

/** The workload an owner is of, `default/StatefulSet/web`; a take is its own. */
export function workloadOf(owner: Owner): string {
  return owner.split("/").slice(0, 3).join("/");
}

/**
 * How an owner is written where the subnet is not given by the place, as on its pool: the subnet before the ordinal,
 * `default/StatefulSet/web/eth0/app-v4/0`.
 */
export function ownerInSubnet(owner: Owner, subnet: string): string {
  const ordinal = ordinalOf(owner);
  if (ordinal === undefined) return `${owner}/${subnet}`;
  return `${owner.slice(0, -ordinal.length)}${subnet}/${ordinal}`;
}

/** The reverse of `ownerInSubnet`; the number of parts tells, since a subnet may be called `0`. */
export function splitOwner(text: string): { owner: Owner; subnet: string } {
  const parts = text.split("/");
  const fixed = parts[4]?.startsWith("pool:") ? 5 : 4;
  const [subnet = "", ...ordinal] = parts.slice(Math.min(fixed, parts.length - 1));
  return { owner: [...parts.slice(0, Math.min(fixed, parts.length - 1)), ...ordinal].join("/"), subnet };
}

/** The owner of all Pods' addresses together: `default/StatefulSet/web/eth0/2` -> `default/StatefulSet/web/eth0`. */
export function withoutOrdinal(owner: Owner): Owner {
  const ordinal = ordinalOf(owner);
  return ordinal === undefined ? owner : owner.slice(0, -ordinal.length - 1);
}

/** Code-unit order, ordinals as numbers: 2 before 10. */
export function compareOwners(a: Owner, b: Owner): number {
  const x = withoutOrdinal(a);
  const y = withoutOrdinal(b);
  return compareText(x, y) || Number(a.slice(x.length + 1)) - Number(b.slice(y.length + 1));
}

/** For people: a slice says its pool in place of the subnet (DESIGN 1). */
export function ownerShown(owner: Owner, subnet: string): string {
  return parseNicOwner(owner)?.slice === undefined ? ownerInSubnet(owner, subnet) : owner;
}
