import { podTemplate, type Snapshot } from "../snapshot.js";
import { GlobIndex, isPattern } from "../spiderpool/ipam/glob.js";
import { parseJson } from "../spiderpool/json.js";
import { KEYS } from "../spiderpool/objects.js";

/** The pools live Pod templates name, literally or by pattern. */
export interface NamedPools {
  /** Whether a template names exactly this pool. */
  literally(pool: string): boolean;
  /** Whether a template has a pattern that hits this pool (A5). */
  byPattern(pool: string): boolean;
}

/** Reads the pool annotations of all live workloads' templates (A3, S23); unreadable ones name nothing. */
export function poolsNamedByTemplates(snapshot: Snapshot): NamedPools {
  const literals = new Set<string>();
  const patterns = new GlobIndex<string>();
  for (const name of new Set(
    [...snapshot.workloads.values()].flatMap((object) => namesIn(podTemplate(object)?.metadata?.annotations)),
  )) {
    if (isPattern(name)) patterns.add(name, name);
    else literals.add(name);
  }
  return {
    literally: (pool) => literals.has(pool),
    byPattern: (pool) => !patterns.matching(pool).next().done,
  };
}

function namesIn(annotations: Readonly<Record<string, string>> | undefined): string[] {
  return [KEYS.ippools, KEYS.ippool].flatMap((key) => {
    const text = annotations?.[key];
    const value = text === undefined ? undefined : parseJson(text);
    return (Array.isArray(value) ? value : [value]).flatMap((choice) => {
      const { ipv4, ipv6 } = (choice ?? {}) as { ipv4?: unknown; ipv6?: unknown };
      return [ipv4, ipv6]
        .flatMap((list) => (Array.isArray(list) ? list : []))
        .filter((name) => typeof name === "string");
    });
  });
}
