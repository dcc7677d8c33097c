import { type Step, stepKey } from "../../core/change/step.js";
import { type Edit, type Fight, fightsAt, type Heals, withHeals } from "../../core/plan-sync/fights.js";
import type { Wish } from "../../core/plan-sync/wish.js";
import type { KubeObject } from "../../core/spiderpool/objects.js";
import { type Merge, rememberedMerge } from "../plan-run.js";
import type { Change } from "./plan-findings.js";
import type { Broken, Planning } from "./planning.js";
import type { Revision } from "./source-follower.js";

/** What was decided last, and on what: the same again is the same decision. */
export interface Memo {
  readonly on: string;
  readonly newest: Revision | undefined;
  readonly planning: Planning | undefined;
  readonly broken: Broken | undefined;
  readonly until: number;
}

/** Tries of one plan that failed. */
export interface Failures {
  readonly of: string;
  readonly count: number;
  /** In milliseconds since 1970. */
  readonly retryAt: number;
  /** Why the last one failed: as a reason of conditions, and in words. */
  readonly reason: string;
  readonly message: string;
}

/** When the last planning began and how long it took, by the monotonic clock. */
export interface LastPlanning {
  readonly startedAt: number;
  readonly milliseconds: number;
}

export const NEVER_PLANNED: LastPlanning = { startedAt: Number.NEGATIVE_INFINITY, milliseconds: 0 };

/** Edits of one object that are remembered until it is healed, the latest ones. */
const MOST_EDITS = 200;

/** What the operator remembers of one PlanSync between reconciles. Nothing of it must survive a restart for addresses to be safe. */
export class Memory {
  /** The revision in force: the last one that could be planned. */
  inForce: Revision | undefined;
  memo: Memo | undefined;
  /** The PlanSync as our last write of its status left it. */
  written: KubeObject | undefined;
  /** Causes of the troubles that were told last, by type of condition. */
  readonly causes = new Map<string, string>();
  /** Whether the revision applied before a restart was looked for. */
  recalled = false;
  /** The planning whose numbers the metrics show. */
  measured: Planning | undefined;
  /** Objects whose step was refused for the sake of an address, by `objectKey`. */
  refused: ReadonlySet<string> = new Set();
  lastPlanning: LastPlanning = NEVER_PLANNED;
  /** Joins the documents of a revision once, however often it is judged. */
  readonly merge: Merge = rememberedMerge();
  /** Objects somebody else changed, by `objectKey`. */
  readonly drift = new Map<string, Change>();
  #heals: Heals = new Map();
  #failures: Failures | undefined;
  /** Object id of the folder that was applied last. */
  #appliedTree: string | undefined;

  /** A try of a plan failed; the next waits longer. */
  failed(of: string, { retry }: Wish, now: number, reason: string, message: string): void {
    const count = (this.failuresOf(of)?.count ?? 0) + 1;
    const wait = Math.min(retry.longest, retry.first * retry.factor ** (count - 1)) * (0.75 + Math.random() / 4);
    this.#failures = { of, count, retryAt: now + wait, reason, message };
  }

  succeeded(): void {
    this.#failures = undefined;
  }

  /** Tries of one plan that failed, if any did. */
  failuresOf(of: string): Failures | undefined {
    return this.#failures?.of === of ? this.#failures : undefined;
  }

  /** Whether a revision is the one applied last, or another commit of the same folder. */
  isApplied({ tree }: Revision, lastApplied: string | undefined): boolean {
    if (tree.commit === lastApplied) this.#appliedTree = tree.tree;
    return tree.tree === this.#appliedTree;
  }

  /** Somebody else changed an object, which may have been changed before since it was right. */
  changed(object: string, edits: readonly Edit[]): void {
    const last = edits.at(-1);
    if (last === undefined) return;
    const all = [...(this.drift.get(object)?.edits ?? []), ...edits].slice(-MOST_EDITS);
    this.drift.set(object, { writer: last.writer, deleted: last.field === "", edits: all });
  }

  healed(objects: readonly string[], now: number): void {
    const undone = new Map(objects.map((object) => [object, this.drift.get(object)?.edits ?? []]));
    this.#heals = withHeals(this.#heals, undone, now);
    for (const object of objects) this.drift.delete(object);
  }

  /** What the plan has no step for is as it should be, whoever wrote it last. */
  settled(steps: readonly Step[]): void {
    const left = new Set(steps.map(stepKey));
    for (const object of this.drift.keys()) if (!left.has(object)) this.drift.delete(object);
  }

  fights(now: number): Fight[] {
    return fightsAt(this.#heals, now);
  }
}
