import { KINDS, type KubeObject } from "../../core/spiderpool/objects.js";

/** Whether a Pod runs no longer, so that nobody must stop it. */
export function isOver(pod: KubeObject): boolean {
  const phase = (pod.status as { phase?: string } | undefined)?.phase;
  return phase === "Succeeded" || phase === "Failed";
}

/** The object with another status, or none. */
export function withStatus(object: KubeObject, status: unknown): KubeObject {
  const { status: _dropped, ...rest } = object;
  return status === undefined ? rest : { ...rest, status };
}

/** Whether nothing holds a terminating object any more. */
export function finished(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (object.kind === KINDS.Namespace.kind) return false;
  return deletionTimestamp !== undefined && !finalizers?.length && !deletionGracePeriodSeconds;
}

/** Everything but metadata and status counts as a new generation. */
export function generationAfter(object: KubeObject, old: KubeObject): number | undefined {
  const generation = old.metadata.generation;
  if (generation === undefined) return undefined;
  const { metadata: _a, status: _b, ...now } = object;
  const { metadata: _c, status: _d, ...before } = old;
  return stableText(now) === stableText(before) ? generation : generation + 1;
}

/** Whether a write changes nothing but who wrote. */
export function sameContent(a: KubeObject, b: KubeObject): boolean {
  const strip = (object: KubeObject) => ({
    ...object,
    metadata: { ...object.metadata, managedFields: undefined, resourceVersion: undefined },
  });
  return stableText(strip(a)) === stableText(strip(b));
}

function stableText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : part,
  );
}
