import type { Diagnostic } from "../diagnostics.js";
import type { Allocation, Lock } from "./allocation.js";

/** Says once that addresses are chosen without a lock file: until the sync nothing holds them (DESIGN 5). */
export function allocatedUnlocked(lock: Lock, allocations: readonly Allocation[]): Diagnostic[] {
  const gaining = lock.files ? [] : allocations.filter(({ added }) => added > 0);
  if (gaining.length === 0) return [];
  const addresses = gaining.reduce((sum, { added }) => sum + added, 0);
  const owners = new Set(gaining.map(({ owner }) => owner)).size;
  return [
    {
      code: "SP4121",
      severity: "info",
      message: `no lock file: ${plural(addresses, "address", "es")} of ${plural(owners, "owner", "s")} chosen now, held by nothing until the sync`,
      hint: "run spiderplan lock and commit its files, so that a review shows who gets which address",
    },
  ];
}

function plural(count: number, noun: string, ending: string): string {
  return `${count} ${noun}${count === 1 ? "" : ending}`;
}
