import { ClusterError } from "../../core/cluster-error.js";
import type { Kind, KubeObject } from "../../core/spiderpool/objects.js";

/**
 * What an API server may answer, as far as anything above relies on it. A real one keeps to this by itself; a proxy that
 * answers in its place, a broken or a hostile one must not bring the process down.
 */

/** One page of a list. */
export interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** Token of the next page. */
  readonly next: string | undefined;
}

/** An answer that is none of a Kubernetes API server's. */
export function badAnswer(what: string, why: string): ClusterError {
  return new ClusterError("BadResponse", `${what}: ${why}; is that a Kubernetes API server?`, false);
}

/** A record of JSON; no list, no null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a page of a list. @throws ClusterError `BadResponse` */
export function readPage(answer: unknown, what: string): Page {
  if (!isRecord(answer)) throw badAnswer(what, "the answer is no object");
  // Go writes an empty list as null.
  const items = answer.items === null ? [] : answer.items;
  if (!Array.isArray(items)) throw badAnswer(what, "the answer is no list");
  const metadata = isRecord(answer.metadata) ? answer.metadata : {};
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  return { items, resourceVersion: text(metadata.resourceVersion), next: text(metadata.continue) || undefined };
}

/**
 * Reads one object of a kind, and fills in what items of a list leave out.
 * @param nameless it may have no name: the answer to a review, which is never stored
 * @throws ClusterError `BadResponse` when it is another kind's, or its metadata are none
 */
export function readObject(value: unknown, kind: Kind, what: string, nameless = false): KubeObject {
  const object = value as KubeObject;
  if (!isRecord(value) || !isRecord(value.metadata)) throw badAnswer(what, `something that is no ${kind.kind}`);
  if (value.kind !== undefined && value.kind !== kind.kind) {
    throw badAnswer(what, `${JSON.stringify(value.kind).slice(0, 60)} in place of ${kind.kind}`);
  }
  const wrong = wrongField(nameless ? { name: kind.kind, ...value.metadata } : value.metadata);
  if (wrong !== undefined) throw badAnswer(what, `${kind.kind} with metadata.${wrong} that cannot be`);
  object.apiVersion ??= kind.apiVersion;
  object.kind ??= kind.kind;
  return object;
}

const TEXTS = ["namespace", "uid", "resourceVersion", "deletionTimestamp", "creationTimestamp", "generateName"];

function wrongField(metadata: Record<string, unknown>): string | undefined {
  const { name } = metadata;
  if (typeof name !== "string" || name === "") return "name";
  for (const field of TEXTS) {
    const value = metadata[field];
    if (value !== undefined && value !== null && typeof value !== "string") return field;
  }
  for (const field of ["labels", "annotations"]) {
    const value = metadata[field];
    if (value === undefined || value === null) continue;
    if (!isRecord(value)) return field;
    for (const key in value) if (typeof value[key] !== "string") return field;
  }
  for (const field of ["ownerReferences", "managedFields"]) {
    const value = metadata[field];
    if (value === undefined || value === null) continue;
    if (!Array.isArray(value) || !value.every(isRecord)) return field;
  }
  return undefined;
}

/** The resources of an API group's version. @throws ClusterError `BadResponse` */
export function readResources(
  answer: unknown,
  what: string,
): readonly { name: string; kind: string; namespaced: boolean }[] {
  if (!isRecord(answer)) throw badAnswer(what, "the answer is no object");
  const resources = answer.resources ?? [];
  if (!Array.isArray(resources)) throw badAnswer(what, "its resources are no list");
  return resources.filter(
    (one): one is { name: string; kind: string; namespaced: boolean } =>
      isRecord(one) && typeof one.name === "string" && typeof one.kind === "string",
  );
}

/** Versions of an API group, the preferred one first. @throws ClusterError `BadResponse` */
export function readVersions(answer: unknown, what: string): readonly string[] {
  if (!isRecord(answer)) throw badAnswer(what, "the answer is no object");
  const versions = Array.isArray(answer.versions) ? answer.versions : [];
  const named = [answer.preferredVersion, ...versions].flatMap((one) =>
    isRecord(one) && typeof one.groupVersion === "string" ? [one.groupVersion] : [],
  );
  return [...new Set(named)];
}
