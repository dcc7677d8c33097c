import { ownerShown } from "../../core/allocate/owner.js";
import { printable } from "../../core/printable.js";
import { flow, shortList } from "./columns.js";
import type { LockEntryChange } from "./lock-change.js";

/** One line an owner and subnet: what it now holds more, holds less, rests. */
export function lockText(changes: readonly LockEntryChange[]): string[] {
  return changes.flatMap((change) => {
    const resting = change.part === "released";
    const parts = [
      change.added.length > 0 ? `${resting ? "now resting" : "+"} ${shortList(change.added)}` : "",
      change.removed.length > 0 ? `${resting ? "no longer resting" : "-"} ${shortList(change.removed)}` : "",
    ];
    const symbol = resting ? "~" : change.added.length > 0 ? "+" : "-";
    return flow(`  ${symbol} ${ownerShown(change.owner, change.subnet)}`, parts, " ".repeat(6)).map(printable);
  });
}
