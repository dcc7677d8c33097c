import type { Diagnostic } from "../../core/diagnostics.js";
import { type Address, formatAddress } from "../../core/ip/address.js";
import type { KubeObject } from "../../core/spiderpool/objects.js";
import { type LockedPlanSync, lockNames, type NextPart, nextPartOf, subnetOf } from "./lock-objects.js";

/** One ConfigMap of a subnet's lock. */
export interface ChainPart {
  /** Absent for the first one. */
  readonly first: Address | undefined;
  /** Absent for the last one. */
  readonly next: NextPart | undefined;
  readonly object: KubeObject;
}

/**
 * The ConfigMaps of a subnet's lock, by address. Each names the next one and where that begins, so that one write, that of
 * the lower part, makes a split: before it the new parts do not count, and after it the lower one has lost what they hold.
 */
export interface LockChain {
  readonly parts: readonly ChainPart[];
  /** What no part names: left by a split that was cut off, or somebody else's. */
  readonly loose: ReadonlyMap<string, KubeObject>;
  /** Why the lock cannot be read. */
  readonly fault?: Diagnostic;
}

/** Whether a ConfigMap of a lock holds some of its addresses only. */
export function isPart({ first, next }: Omit<ChainPart, "object">): boolean {
  return first !== undefined || next !== undefined;
}

/** The locks of a PlanSync by subnet, from the ConfigMaps that carry its label. */
export function lockChains(items: readonly KubeObject[], planSync: LockedPlanSync): Map<string, LockChain> {
  const bySubnet = new Map<string, Map<string, KubeObject>>();
  for (const object of items) {
    const subnet = subnetOf(object);
    if (subnet === undefined) continue;
    const known = bySubnet.get(subnet) ?? new Map<string, KubeObject>();
    bySubnet.set(subnet, known.set(object.metadata.name, object));
  }
  return new Map(
    [...bySubnet].map(([subnet, objects]) => [
      subnet,
      follow(
        subnet,
        // A label is no proof: only the object counts that we would write ourselves, and what it names.
        lockNames(planSync, subnet).find((name) => objects.has(name)),
        objects,
      ),
    ]),
  );
}

function follow(subnet: string, head: string | undefined, objects: Map<string, KubeObject>): LockChain {
  const loose = new Map(objects);
  const parts: ChainPart[] = [];
  let first: Address | undefined;
  for (let name = head; name !== undefined; ) {
    const object = loose.get(name);
    if (object === undefined) {
      const what = `with the lock of ${subnet} from ${formatAddress(first!)} on is missing`;
      return { parts, loose, fault: misfit(subnet, name, what) };
    }
    loose.delete(name);
    const next = nextPartOf(object);
    if (next === "broken" || (next && first !== undefined && next.first <= first)) {
      return { parts, loose, fault: misfit(subnet, name, `does not say where the lock of ${subnet} goes on`) };
    }
    parts.push({ first, next, object });
    first = next?.first;
    name = next?.name;
  }
  return { parts, loose };
}

/** The parts of a lock do not fit together. */
export function misfit(subnet: string, name: string, what: string): Diagnostic {
  const file = `ConfigMap ${name}`;
  return {
    code: "SP1039",
    severity: "error",
    message: `${file} ${what}`,
    hint: "restore it from a backup, or delete the lock's first ConfigMap: the live pools are the lock then",
    source: { file, document: 0, pointer: "" },
    about: `subnet:${subnet}`,
  };
}
