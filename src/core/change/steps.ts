import type { Diagnostic } from "../diagnostics.js";
import { EMPTY } from "../ip/range-set.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import { KINDS, type Kind, type KubeObject, OWN, objectKey, type SpiderIPPool } from "../spiderpool/objects.js";
import type { DesiredObject } from "./desired-object.js";
import { type Difference, difference, offered } from "./diff.js";
import { liveObject, liveObjects, OWNED_KIND_NAMES } from "./live.js";
import { ownershipOf } from "./ownership.js";
import { type AnnotationDifference, annotationDifference, type SharedAnnotations } from "./shared-annotations.js";
import type { Step } from "./step.js";

/** What belongs to another install. */
const FOREIGN = "SP4111";

/** A step before it has its wave, with what the later rooms judge it by. */
export type Draft = Omit<Step, "wave"> & {
  /** Changed fields of a pool that can move or strand Pods at their next restart; other kinds are judged whole. */
  readonly steering: readonly string[];
};

export interface Drafts {
  readonly drafts: readonly Draft[];
  readonly unchanged: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** Who compares, and what may go. */
export interface DraftContext {
  readonly install: string;
  /** Spiderpool's own namespace: what a multusName without one means (A9). */
  readonly namespace: string;
  readonly prune: boolean;
  /** Objects, live or desired, of a broken part of the plan or an ended Namespace: they are neither made, changed nor deleted. */
  readonly keep: (object: KubeObject) => boolean;
}

/**
 * Desired x live -> what to create, update, adopt and delete, in no order yet.
 */
export function draftSteps(desired: readonly DesiredObject[], snapshot: Snapshot, context: DraftContext): Drafts {
  const { install } = context;
  const drafts: Draft[] = [];
  const diagnostics: Diagnostic[] = [];
  const wanted = new Set<string>();
  let unchanged = 0;
  for (const one of desired) {
    const { kind, namespace, name } = { kind: one.kind.kind, ...one.object.metadata };
    wanted.add(objectKey(kind, namespace, name));
    if (context.keep(one.object)) continue;
    const live = liveObject(snapshot, one.object);
    if (live === undefined) {
      drafts.push(creation(one));
      continue;
    }
    const obstacle = obstacleTo(one, live, install);
    if (obstacle !== undefined) {
      diagnostics.push(obstacle);
      continue;
    }
    const adopt = one.scope === "whole" && ownershipOf(live, install).type === "none";
    const found = difference(one, live, context.namespace);
    if (found === undefined) unchanged++;
    else drafts.push(update(one, live, found, adopt ? "adopt" : "update"));
  }
  if (context.prune) for (const draft of deletions(snapshot, wanted, context)) drafts.push(draft);
  return { drafts, unchanged, diagnostics };
}

/** What the plan sets on Namespaces and Pod templates that are there, as update steps. */
export function draftAnnotations(
  wanted: readonly SharedAnnotations[],
  install: string,
  meaning: (key: string, text: string) => string,
): Drafts {
  const drafts: Draft[] = [];
  const diagnostics: Diagnostic[] = [];
  let unchanged = 0;
  for (const one of wanted) {
    const { live } = one;
    if (live === undefined) continue;
    const found = annotationDifference(one, live, install, meaning);
    for (const key of found.yielded) diagnostics.push(yielded(one, key));
    for (const other of found.others) diagnostics.push(keptByOther(one, other, install));
    if (found.patch === undefined) unchanged += Object.keys(one.annotations).length > 0 ? 1 : 0;
    else drafts.push(annotationUpdate(one, live, found));
  }
  return { drafts, unchanged, diagnostics };
}

function creation(one: DesiredObject): Draft {
  return {
    ...base(one.kind, one.object),
    action: "create",
    added: offered(one.object),
    object: one.object,
    reason: one.reason,
    source: one.source,
    steering: createsDefault(one.object) ? ["default"] : [],
  };
}

/** A new default pool becomes a candidate of every Pod without a choice of its own (A1). */
function createsDefault(object: KubeObject): boolean {
  return object.kind === "SpiderIPPool" && (object as SpiderIPPool).spec.default === true;
}

function update(one: DesiredObject, live: KubeObject, found: Difference, action: "update" | "adopt"): Draft {
  return {
    ...base(one.kind, one.object),
    action,
    added: found.added,
    removed: found.removed,
    object: one.object,
    patch: found.patch,
    live,
    reason: one.reason,
    changes: found.changes,
    steering: found.steering,
    source: one.source,
  };
}

function annotationUpdate(one: SharedAnnotations, live: KubeObject, found: AnnotationDifference): Draft {
  return {
    ...base(one.kind, live),
    action: "update",
    object: live,
    patch: found.patch,
    live,
    reason: one.reason,
    changes: found.changes,
    steering: [],
    source: one.source,
  };
}

function deletions(snapshot: Snapshot, wanted: ReadonlySet<string>, { install, keep }: DraftContext): Draft[] {
  const found: Draft[] = [];
  for (const kind of OWNED_KIND_NAMES) {
    if (!snapshot.complete.has(kind)) continue;
    for (const live of liveObjects(snapshot, kind).values()) {
      const { namespace, name, deletionTimestamp } = live.metadata;
      if (wanted.has(objectKey(kind, namespace, name)) || deletionTimestamp !== undefined || keep(live)) continue;
      if (ownershipOf(live, install).type !== "ours") continue;
      found.push({
        ...base(KINDS[kind], live),
        action: "delete",
        removed: offered(live),
        object: live,
        live,
        reason:
          recordedOwner(live) === undefined ? "gone from the plan" : `${recordedOwner(live)} is gone from the plan`,
        steering: [],
      });
    }
  }
  return found;
}

function base(kind: Kind, object: KubeObject) {
  const { namespace, name } = object.metadata;
  return { kind, namespace, name, added: EMPTY, removed: EMPTY, changes: [] as readonly string[] };
}

/** Why a live object cannot become the desired one at all; the rest of the plan goes on without it. */
function obstacleTo(one: DesiredObject, live: KubeObject, install: string): Diagnostic | undefined {
  const key = objectKey(live.kind, live.metadata.namespace, live.metadata.name);
  const report = (code: string, message: string, hint: string): Diagnostic => ({
    code,
    severity: "error",
    message,
    hint,
    source: one.source,
    about: key,
  });
  const whose = one.scope === "whole" ? ownershipOf(live, install) : ({ type: "none" } as const);
  if (whose.type === "other") {
    return report(
      FOREIGN,
      `${key} belongs to install ${whose.install}, not to ${install}`,
      `choose another name, or take it out of the plan of ${whose.install} first`,
    );
  }
  if (live.metadata.deletionTimestamp !== undefined) {
    return report(
      "SP4112",
      `${key} is being deleted since ${live.metadata.deletionTimestamp}; Spiderpool refuses every edit of it (P19)`,
      "wait until its last users are gone, or give the plan another name",
    );
  }
  const have = (live.spec ?? {}) as { subnet?: string; ipVersion?: number };
  const want = (one.object.spec ?? {}) as { subnet?: string; ipVersion?: number };
  for (const field of ["subnet", "ipVersion"] as const) {
    if (have[field] === undefined || want[field] === have[field]) continue;
    return report(
      "SP4113",
      `${key} has ${field} ${have[field]}, which can never change (P4, U1, V1); the plan says ${want[field]}`,
      live.kind === "SpiderSubnet" ? "add a second subnet and migrate to it" : "give the new object another name",
    );
  }
  return undefined;
}

/** Two installs that write one key would undo each other for ever. */
function keptByOther(
  one: SharedAnnotations,
  { key, install: other }: AnnotationDifference["others"][number],
  install: string,
): Diagnostic {
  const object = objectKey(one.kind.kind, one.namespace, one.name);
  const where = one.on === "template" ? `the Pod template of ${object}` : object;
  return {
    code: FOREIGN,
    severity: "error",
    message: `annotation ${key} of ${where} belongs to install ${other}, not to ${install}; it is left as it is`,
    hint: `take it out of one of the two plans; where ${other} is gone, remove it from the annotation ${OWN.applied}`,
    source: one.source,
    about: object,
  };
}

function yielded(one: SharedAnnotations, key: string): Diagnostic {
  return {
    code: "SP2603",
    severity: "warning",
    message: `annotation ${key} of ${objectKey(one.kind.kind, one.namespace, one.name)} was set by somebody else and is left as it is`,
    hint: `set it to ${one.annotations[key]} where it comes from`,
    source: one.source,
  };
}
