import type { Labels, Metrics } from "../../src/ports/telemetry.js";

/** Metrics a test can look into: `name{label=value}` -> what was counted or set last. */
export interface SeenMetrics extends Metrics {
  readonly seen: ReadonlyMap<string, number>;
}

export function seenMetrics(): SeenMetrics {
  const seen = new Map<string, number>();
  const key = (name: string, labels: Labels = {}) => {
    const words = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
    return `${name}{${words.join(",")}}`;
  };
  return {
    seen,
    count: (name, labels, by = 1) => seen.set(key(name, labels), (seen.get(key(name, labels)) ?? 0) + by),
    set: (name, value, labels) => seen.set(key(name, labels), value),
    observe: (name, seconds, labels) => seen.set(key(name, labels), seconds),
    forget: (name, labels) => seen.delete(key(name, labels)),
  };
}
