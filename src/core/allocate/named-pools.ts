import { podTemplate, type Snapshot } from "../snapshot.js";
import { compileGlob, isPattern } from "../spiderpool/ipam/glob.js";
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
  const stems = new Set<string>();
  const globs: ((name: string) => boolean)[] = [];
  for (const name of new Set(
    [...snapshot.workloads.values()].flatMap((object) => namesIn(podTemplate(object)?.metadata?.annotations)),
  )) {
    if (!isPattern(name)) literals.add(name);
    else if (/^[^*?[\\]+\.\*$/.test(name)) stems.add(name.slice(0, -2));
    else globs.push(compileGlob(name) ?? (() => false));
  }
  return {
    literally: (pool) => literals.has(pool),
    byPattern: (pool) => prefixes(pool).some((prefix) => stems.has(prefix)) || globs.some((hits) => hits(pool)),
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

function prefixes(name: string): string[] {
  const found: string[] = [];
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) found.push(name.slice(0, dot));
  return found;
}
