import { podTemplate, type Snapshot } from "../snapshot.js";
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
  const globs: RegExp[] = [];
  for (const name of new Set(
    [...snapshot.workloads.values()].flatMap((object) => namesIn(podTemplate(object)?.metadata?.annotations)),
  )) {
    if (!/[*?[\\]/.test(name)) literals.add(name);
    else if (/^[^*?[\\]+\.\*$/.test(name)) stems.add(name.slice(0, -2));
    else globs.push(globExpression(name));
  }
  return {
    literally: (pool) => literals.has(pool),
    byPattern: (pool) => prefixes(pool).some((prefix) => stems.has(prefix)) || globs.some((glob) => glob.test(pool)),
  };
}

function namesIn(annotations: Readonly<Record<string, string>> | undefined): string[] {
  return [KEYS.ippools, KEYS.ippool].flatMap((key) => {
    const value = parseJson(annotations?.[key]);
    return (Array.isArray(value) ? value : [value]).flatMap((choice) => {
      const { ipv4, ipv6 } = (choice ?? {}) as { ipv4?: unknown; ipv6?: unknown };
      return [ipv4, ipv6]
        .flatMap((list) => (Array.isArray(list) ? list : []))
        .filter((name) => typeof name === "string");
    });
  });
}

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Go's filepath.Match as far as pool names need it: `*`, `?`, `[...]`; a `/` never occurs in a name. */
function globExpression(glob: string): RegExp {
  const body = glob.replace(/\[\^?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    if (part.length > 1) return part;
    return part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  });
  try {
    return new RegExp(`^${body}$`);
  } catch {
    return /^$/; // a malformed pattern hits nothing
  }
}

function prefixes(name: string): string[] {
  const found: string[] = [];
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) found.push(name.slice(0, dot));
  return found;
}
