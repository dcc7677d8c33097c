import type { Workload } from "../plan/plan.js";

/**
 * Who holds addresses in one subnet: `<namespace>/<kind>/<workload>/<nic>` for a fixed NIC, `pool:<name>` for the
 * `take` of a declared pool (DESIGN 1). Lock files are per subnet, so the subnet is not part of it.
 */
export type Owner = string;

/** The owner of a fixed NIC. */
export function nicOwner(workload: Pick<Workload, "namespace" | "kind" | "workload">, nic: string): Owner {
  return `${workload.namespace}/${workload.kind}/${workload.workload}/${nic}`;
}

/** The owner of a declared pool's `take`. */
export function takeOwner(pool: string): Owner {
  return `pool:${pool}`;
}

/** The pool whose `take` an owner is, or undefined for the owner of a NIC. */
export function takenPool(owner: Owner): string | undefined {
  return owner.startsWith("pool:") ? owner.slice("pool:".length) : undefined;
}

/** Taken apart: `{namespace, kind, workload, nic}`; undefined for any other text, `pool:` owners included. */
export function parseNicOwner(
  owner: Owner,
): { namespace: string; kind: string; workload: string; nic: string } | undefined {
  const parts = owner.split("/");
  if (parts.length !== 4 || parts.some((part) => part === "")) return undefined;
  const [namespace, kind, workload, nic] = parts as [string, string, string, string];
  return { namespace, kind, workload, nic };
}

/** How an owner is written where the subnet is not given by the place: `default/Deployment/workload01/net1/app-v4`. */
export function ownerInSubnet(owner: Owner, subnet: string): string {
  return `${owner}/${subnet}`;
}

/** The reverse of `ownerInSubnet`: the part behind the last slash is the subnet. */
export function splitOwner(text: string): { owner: Owner; subnet: string } {
  const slash = text.lastIndexOf("/");
  return { owner: text.slice(0, slash), subnet: text.slice(slash + 1) };
}
