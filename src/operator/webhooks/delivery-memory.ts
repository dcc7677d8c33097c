import type { Clock } from "../../ports/runtime.js";

/** Deliveries that were taken not long ago. */
export interface DeliveryMemory {
  /** Whether it is new; it is remembered then. */
  remember(id: string): boolean;
  /** Makes it new again. */
  forget(id: string): void;
}

/** Remembers each for a time, in milliseconds, and at most so many: the oldest make room. */
export function deliveryMemory(limits: { readonly most: number; readonly time: number }, clock: Clock): DeliveryMemory {
  // In order of age: a Map keeps the order of insertion.
  const taken = new Map<string, number>();
  return {
    remember: (id) => {
      const now = clock.monotonic();
      for (const [old, at] of taken) {
        if (now - at < limits.time) break;
        taken.delete(old);
      }
      const at = taken.get(id);
      if (at !== undefined && now - at < limits.time) return false;
      taken.delete(id);
      for (const [old] of taken) {
        if (taken.size < limits.most) break;
        taken.delete(old);
      }
      taken.set(id, now);
      return true;
    },
    forget: (id) => {
      taken.delete(id);
    },
  };
}
