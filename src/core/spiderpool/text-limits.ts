/**
 * The most that is read of what tenants write on Pods, workloads, Namespaces and net-attach-defs. Kubernetes itself takes
 * 256 KiB of annotations and about 1.5 MiB of an object, with any number of labels, names and items in it; what one NIC of
 * an honest Pod needs is a few hundred characters. Beyond a limit the object is unreadable: it is judged on the addresses
 * its Pods hold, names nothing, and a warning says so; everything else goes on.
 */
export const LIMITS = {
  /** Of all annotations of one object that anybody here reads. */
  annotationCharacters: 32_768,
  /** Of the configuration of one net-attach-def. */
  configCharacters: 65_536,
  /** Names, items and other values of one annotation. */
  values: 2_000,
  /** Names with a wildcard in one annotation: each is compared with every pool. */
  patterns: 100,
  /** One name or pattern of pools, and what names an owner: names of Kubernetes have at most 253. */
  nameCharacters: 512,
  /** NICs that one annotation lists: what is judged of each depends on all of them. */
  interfaces: 100,
  /** Lists and objects inside one another. */
  depth: 16,
  /** A label's key has at most 317 characters, its value 63; Kubernetes does not count them. */
  labels: 256,
  /** Values of one selector, node selector, affinity or list of tolerations. */
  terms: 2_000,
  /** NICs of one SpiderEndpoint. */
  nics: 256,
} as const;

/** What a text may have at most. */
export interface TextLimits {
  readonly values: number;
  readonly depth: number;
  readonly interfaces: number;
  readonly nameCharacters: number;
}

/** What a text has too much of, in one sweep that knows of JSON only where texts and lists begin and end. */
export function textFault(text: string, limits: TextLimits): string | undefined {
  let [values, items, patterns, depth] = [1, 1, 0, 0];
  let start = -1;
  let wild = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (start >= 0) {
      if (char === '"') {
        if (i - start > limits.nameCharacters) return `a name of more than ${limits.nameCharacters} characters`;
        if (wild && ++patterns > LIMITS.patterns) return `more than ${LIMITS.patterns} patterns`;
        start = -1;
      } else if (char === "*" || char === "?" || char === "[" || char === "\\") {
        wild = true;
        if (char === "\\") i++;
      }
    } else if (char === '"') [start, wild] = [i, false];
    else if (char === ",") {
      if (++values > limits.values) return `more than ${limits.values} values`;
      if (depth <= 1 && ++items > limits.interfaces) return `more than ${limits.interfaces} interfaces`;
    } else if ((char === "[" || char === "{") && ++depth > limits.depth) return `more than ${limits.depth} levels`;
    else if (char === "]" || char === "}") depth--;
  }
  return undefined;
}

/** Whether a value holds more values, or lies deeper, than anybody needs; stops at the limit. */
export function isVast(value: unknown): boolean {
  let left: number = LIMITS.terms;
  const visit = (part: unknown, depth: number): boolean => {
    if (--left < 0 || depth > LIMITS.depth) return true;
    if (typeof part === "string") return part.length > LIMITS.annotationCharacters;
    if (typeof part !== "object" || part === null) return false;
    for (const key in part) if (visit((part as Record<string, unknown>)[key], depth + 1)) return true;
    return false;
  };
  return visit(value, 0);
}
