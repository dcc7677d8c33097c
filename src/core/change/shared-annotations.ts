import type { SourceRef } from "../diagnostics.js";
import { podTemplate } from "../snapshot.js";
import { type Kind, type KubeObject, OWN } from "../spiderpool/objects.js";
import { nested, podTemplatePath, usualTemplatePath } from "../spiderpool/pod-template.js";
import { arrow, changeTexts } from "./field-changes.js";
import { sortedJson } from "./ownership.js";

/** Annotations the plan sets on somebody else's object: a Namespace, or the Pod template of a workload. */
export interface SharedAnnotations {
  readonly kind: Kind;
  readonly namespace?: string;
  readonly name: string;
  /** The object as it is; undefined = it is not in the cluster. */
  readonly live: KubeObject | undefined;
  readonly on: "object" | "template";
  readonly annotations: Readonly<Record<string, string>>;
  /** Keys that are left alone when somebody else set them (Multus networks). */
  readonly yielding: readonly string[];
  readonly source?: SourceRef;
  readonly reason: string;
}

/** What has to be written, and which keys were left to others. */
export interface AnnotationDifference {
  readonly patch: object | undefined;
  readonly changes: readonly string[];
  /** Keys somebody else set otherwise and we may not touch. */
  readonly yielded: readonly string[];
  /** Keys another install keeps, and with another text: they are its own. */
  readonly others: readonly { readonly key: string; readonly install: string }[];
}

/**
 * Who keeps a key of a shared object: one install, and of several that once wrote it the first by name, so that all of them
 * name the same one.
 */
function keeperOf(annotations: Readonly<Record<string, string>>, key: string): string | undefined {
  const claims = appliedByInstall(annotations);
  return Object.keys(claims)
    .sort()
    .find((install) => appliedKeys(annotations, install).includes(key));
}

/** Keys an install wrote on a shared object, by install; unreadable counts as none. */
export function appliedKeys(annotations: Readonly<Record<string, string>>, install: string): readonly string[] {
  const keys = appliedByInstall(annotations)[install];
  return Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : [];
}

/**
 * Compares a shared object with what the plan sets on it. Keys in `spiderplan.io/applied` that the plan sets no longer
 * are nulled, all other keys stay (DESIGN 4).
 * @param meaning makes two texts of one key comparable
 */
export function annotationDifference(
  wanted: SharedAnnotations,
  live: KubeObject,
  install: string,
  meaning: (key: string, text: string) => string,
): AnnotationDifference {
  const have = annotationsOf(wanted.on, live);
  const applied = appliedKeys(have, install);
  const changes: string[] = [];
  const yielded: string[] = [];
  const others: { key: string; install: string }[] = [];
  const patch: Record<string, string | null> = {};
  const written: string[] = [];
  for (const [key, text] of Object.entries(wanted.annotations).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const same = have[key] !== undefined && meaning(key, have[key]) === meaning(key, text);
    const keeper = have[key] === undefined ? undefined : keeperOf(have, key);
    if (!same && keeper !== undefined && keeper !== install) {
      others.push({ key, install: keeper });
      continue;
    }
    if (!same && have[key] !== undefined && wanted.yielding.includes(key) && !applied.includes(key)) {
      yielded.push(key);
      continue;
    }
    // A key that already says the same without us stays its writer's.
    if (!same || applied.includes(key)) written.push(key);
    if (same) continue;
    patch[key] = text;
    const told = have[key] === undefined ? [arrow(key, "", text)] : changeTexts(key, have[key], text);
    for (const change of told) changes.push(change);
  }
  for (const key of applied) {
    if (wanted.annotations[key] !== undefined || have[key] === undefined || keeperOf(have, key) !== install) continue;
    patch[key] = null;
    changes.push(arrow(key, have[key], ""));
  }
  if (changes.length === 0) return { patch: undefined, changes, yielded, others };
  patch[OWN.applied] = appliedText(have, install, written);
  return { patch: wrap(wanted.on, live, patch), changes, yielded, others };
}

/** The annotations of the object itself or of its Pod template. */
export function annotationsOf(on: SharedAnnotations["on"], live: KubeObject): Readonly<Record<string, string>> {
  return (on === "object" ? live.metadata.annotations : podTemplate(live)?.metadata?.annotations) ?? {};
}

/** The longest note that is read, in characters: whoever may write a Pod template may write this too. */
const LONGEST_NOTE = 32_768;

function appliedByInstall(annotations: Readonly<Record<string, string>>): Record<string, string[]> {
  const text = annotations[OWN.applied] ?? "{}";
  if (text.length > LONGEST_NOTE) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, string[]>)
      : {};
  } catch {
    return {};
  }
}

function appliedText(have: Readonly<Record<string, string>>, install: string, keys: readonly string[]): string | null {
  const byInstall = appliedByInstall(have);
  delete byInstall[install];
  if (keys.length > 0) byInstall[install] = [...keys];
  return Object.keys(byInstall).length > 0 ? sortedJson(byInstall) : null;
}

function wrap(on: SharedAnnotations["on"], live: KubeObject, annotations: Record<string, string | null>): object {
  if (on === "object") return { metadata: { annotations } };
  return nested(podTemplatePath(live) ?? usualTemplatePath(live.kind), { metadata: { annotations } });
}
