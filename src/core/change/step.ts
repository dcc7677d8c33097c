import type { SourceRef } from "../diagnostics.js";
import type { RangeSet } from "../ip/range-set.js";
import { type Kind, type KubeObject, objectKey } from "../spiderpool/objects.js";

export type Action = "create" | "update" | "delete" | "adopt";

/** One write to the cluster, with all it needs to be carried out or shown. */
export interface Step {
  /** Waves run one after another, steps of one wave in parallel (DESIGN 7). */
  readonly wave: number;
  readonly action: Action;
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string;
  /**
   * Pool and subnet steps: addresses offered after the step that were not before, and the other way round.
   * Steps of the quarantine: addresses whose rest begins, and ends.
   */
  readonly added: RangeSet;
  readonly removed: RangeSet;
  /** create: the object to POST. update, adopt: the object as it will be in the plan's terms. delete: the live object. */
  readonly object: KubeObject;
  /** update, adopt: the JSON merge patch, without uid and resourceVersion; empty for an adoption that changes nothing. */
  readonly patch?: object;
  /** update, adopt, delete: the object the decision was made on (carries uid and resourceVersion). */
  readonly live?: KubeObject;
  /** One line: what changes and why. */
  readonly reason: string;
  /** Changed fields for the text output, `routes: + 10.7.0.0/16 via 10.6.124.2`. */
  readonly changes: readonly string[];
  /** What running Pods make of the change, where they do not simply follow it. */
  readonly note?: string;
  /** Why it will not be carried out now; undefined = it will. */
  readonly blocked?: Block;
  readonly source?: SourceRef;
}

/**
 * Why a step is held back. `in-use`, `verdict` and `conflict` block (exit 3); `waiting` and `budget` only defer; `held` is
 * somebody's wish.
 */
export interface Block {
  readonly type: "in-use" | "verdict" | "conflict" | "depends" | "waiting" | "budget" | "atomic" | "held";
  readonly message: string;
  /** Names of the objects that stand in the way, where it is known. */
  readonly because?: readonly string[];
}

/** Whether a step could harm somebody who runs: it takes addresses away, or changes who may use which pool. */
export function mayHarm(step: Step & { readonly steering?: readonly string[] }): boolean {
  const { kind } = step.kind;
  if (kind === "SpiderSubnet") return false;
  if (kind === "SpiderIPPool")
    return step.removed.length > 0 || (step.steering?.length ?? 0) > 0 || step.action === "delete";
  return true; // reservations, networks, Namespaces and Pod templates are facts for whoever leans on them
}

/** `SpiderIPPool x`: how the object of a step is named to people and in maps. */
export function stepKey({ kind, namespace, name }: Pick<Step, "kind" | "namespace" | "name">): string {
  return objectKey(kind.kind, namespace, name);
}
