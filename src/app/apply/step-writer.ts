import { type Step, stepKey } from "../../core/change/step.js";
import { isEnding } from "../../core/cluster/namespaces.js";
import { type ClusterError, isClusterError } from "../../core/cluster-error.js";
import { KINDS, type KubeObject, OWN, objectKey } from "../../core/spiderpool/objects.js";
import { cidrOf } from "../../core/verdict/depends.js";
import type { Cluster, ObjectRef } from "../../ports/cluster.js";
import type { Clock } from "../../ports/runtime.js";
import type { Done } from "./apply-report.js";
import type { Guards } from "./guards.js";
import { changedHands, changedUnder, satisfied } from "./rejudge.js";
import { Retries } from "./retries.js";
import { startRest } from "./start-rest.js";

/** What became of a step. */
export type StepResult =
  | { readonly type: "done"; readonly done: Done }
  | { readonly type: "withheld"; readonly message: string }
  | { readonly type: "failed"; readonly error: ClusterError }
  /** Called off before it began. */
  | { readonly type: "notStarted" };

export interface StepWriterOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly guards: Guards;
  readonly signal: AbortSignal | undefined;
  /** Asked right before each write; false = write nothing any more. */
  readonly mayWrite: () => boolean;
  readonly onRetry: (step: Step, message: string, seconds: number) => void;
}

/** How a step that was carried out is counted. */
export const RESULT: Readonly<Record<Step["action"], Done>> = {
  create: "created",
  update: "updated",
  adopt: "adopted",
  delete: "deleted",
};

/** Carries out single steps: preconditions on every write, re-reading and judging again where the cluster moved on. */
export class StepWriter {
  /** Objects as our own last write left them: a later step on the same object starts from there. */
  readonly #known = new Map<string, KubeObject>();
  readonly #written = new Map<string, number>();

  constructor(private readonly options: StepWriterOptions) {}

  /** Never rejects with a ClusterError. */
  async carryOut(decided: Step): Promise<StepResult> {
    const step = startRest(decided, this.#known.get(stepKey(decided)), this.options.clock.now());
    const retries = new Retries();
    let last: ClusterError | undefined;
    for (;;) {
      if (!this.options.mayWrite()) return last ? { type: "failed", error: last } : { type: "notStarted" };
      try {
        const result = await this.#attempt(step, last !== undefined);
        if (result.type === "done") this.#note(step);
        return result;
      } catch (error) {
        if (!isClusterError(error)) throw error;
        last = error;
      }
      const final = await this.#afterFailure(step, last, retries);
      if (final !== undefined) return final;
    }
  }

  /** Waits for the next attempt; a result when there is none. */
  async #afterFailure(step: Step, error: ClusterError, retries: Retries): Promise<StepResult | undefined> {
    // P16: in use by now is the answer, not lag.
    const taken = error.reason === "Denied" ? await this.#takenMeanwhile(step) : undefined;
    if (taken !== undefined) return withheld(taken);
    const ended = step.action === "create" ? await this.#endedNamespace(step, error) : undefined;
    if (ended !== undefined) return withheld(ended);
    const verdict = retries.after(error, this.#sinceOwnWrite(step));
    if (verdict.type === "give-up") return { type: "failed", error };
    if (verdict.wait === 0) return undefined;
    this.options.onRetry(step, error.message, verdict.wait / 1000);
    return (await this.#sleep(verdict.wait)) ? undefined : { type: "failed", error };
  }

  /** The object as our last write left it, else as the decision saw it. */
  known(step: Step): KubeObject | undefined {
    return this.#known.get(stepKey(step)) ?? step.live;
  }

  remember(object: KubeObject): void {
    this.#known.set(objectKey(object.kind, object.metadata.namespace, object.metadata.name), object);
  }

  #attempt(step: Step, fresh: boolean): Promise<StepResult> {
    if (step.action === "create") return this.#create(step, fresh);
    return step.action === "delete" ? this.#delete(step) : this.#update(step, fresh);
  }

  async #create(step: Step, fresh: boolean): Promise<StepResult> {
    // After a lost answer the object may be there already.
    const there = fresh ? await this.#read(step) : undefined;
    if (there !== undefined) return this.#existing(step, there);
    try {
      this.remember(await this.options.cluster.create(step.object, step.kind));
      return done(step);
    } catch (error) {
      if (!isClusterError(error, "AlreadyExists")) throw error;
      const live = await this.#read(step);
      if (live === undefined) throw error;
      return this.#existing(step, live);
    }
  }

  /** Somebody was first: ourselves in an earlier run or attempt, or another. */
  #existing(step: Step, live: KubeObject): StepResult {
    const { labels, annotations } = step.object.metadata;
    const wanted = { metadata: { labels: labels ?? {}, annotations: annotations ?? {} }, spec: step.object.spec };
    if (live.metadata.deletionTimestamp === undefined && satisfied(live, wanted)) {
      this.remember(live);
      return done(step);
    }
    const ours = live.metadata.annotations?.[OWN.trackingId] === annotations?.[OWN.trackingId];
    const state = live.metadata.deletionTimestamp === undefined ? "exists by now" : "is still being deleted";
    const how = ours ? "differs from the plan" : "is not ours";
    return withheld(`${stepKey(step)} ${state} and ${how}; run again to judge it`);
  }

  async #update(step: Step, fresh: boolean): Promise<StepResult> {
    const base = this.known(step);
    const patch = step.patch ?? {};
    if (base === undefined) return withheld(`${stepKey(step)} was never read`);
    if (Object.keys(patch).length === 0) return done(step);
    const takes = step.removed.length > 0;
    const live = fresh || takes ? await this.#read(step) : base;
    if (live === undefined) return withheld(`${stepKey(step)} is gone by now; run again`);
    const changed = changedUnder(base, live, patch);
    if (changed.length > 0)
      return withheld(`${stepKey(step)} was changed meanwhile (${changed.join(", ")}); run again`);
    if (live !== base && satisfied(live, patch)) return done(step);
    if (live.metadata.deletionTimestamp !== undefined) return withheld(`${stepKey(step)} is being deleted (P19)`);
    const obstacle = takes ? await this.options.guards.obstacle(step, live) : undefined;
    if (obstacle !== undefined) return withheld(obstacle);
    if (!this.options.mayWrite()) return { type: "notStarted" };
    const { uid, resourceVersion } = live.metadata;
    const own = (patch as { metadata?: object }).metadata;
    const guarded = { ...patch, metadata: { ...own, uid, resourceVersion } };
    try {
      this.remember(await this.options.cluster.patch(refOf(step), guarded));
    } catch (error) {
      if (!isClusterError(error, "NotFound")) throw error;
      return withheld(`${stepKey(step)} is gone by now; run again`);
    }
    return done(step);
  }

  async #delete(step: Step): Promise<StepResult> {
    const live = await this.#read(step);
    if (live === undefined || live.metadata.deletionTimestamp !== undefined) return done(step);
    const base = this.known(step);
    if (base !== undefined && changedHands(base, live)) {
      return withheld(`${stepKey(step)} became somebody else's meanwhile; run again`);
    }
    const obstacle = await this.options.guards.obstacle(step, live);
    if (obstacle !== undefined) return withheld(obstacle);
    if (!this.options.mayWrite()) return { type: "notStarted" };
    const { uid, resourceVersion } = live.metadata;
    await this.options.cluster.delete(refOf(step), { uid, resourceVersion }).catch((error: unknown) => {
      if (!isClusterError(error, "NotFound")) throw error;
    });
    return done(step);
  }

  async #takenMeanwhile(step: Step): Promise<string | undefined> {
    if (step.removed.length === 0 && step.action !== "delete") return undefined;
    const live = await this.#read(step).catch(() => undefined);
    return live && this.options.guards.obstacle(step, live).catch(() => undefined);
  }

  /** An API server says 404 or 403 to what is made in a Namespace that went away since the decision. */
  async #endedNamespace({ namespace: name }: Step, error: ClusterError): Promise<string | undefined> {
    if (name === undefined || !isClusterError(error, "NotFound", "Forbidden")) return undefined;
    const live = await this.options.cluster
      .get({ kind: KINDS.Namespace, name })
      .catch((again: unknown) => (isClusterError(again, "NotFound") ? "gone" : undefined));
    if (live === "gone") return `Namespace ${name} is not in the cluster; create it, or take it out of the plan`;
    if (live === undefined || !isEnding(live)) return undefined;
    return `Namespace ${name} is being deleted; take it out of the plan`;
  }

  async #read(step: Step): Promise<KubeObject | undefined> {
    return this.options.cluster.get(refOf(step)).catch((error: unknown) => {
      if (isClusterError(error, "NotFound")) return undefined;
      throw error;
    });
  }

  #note(step: Step): void {
    const cidr = cidrOf(step);
    if (cidr !== undefined) this.#written.set(cidr, this.options.clock.monotonic());
  }

  #sinceOwnWrite(step: Step): number | undefined {
    const at = this.#written.get(cidrOf(step) ?? "");
    return at === undefined ? undefined : this.options.clock.monotonic() - at;
  }

  /** False when the run was called off meanwhile. */
  async #sleep(milliseconds: number): Promise<boolean> {
    return this.options.clock.sleep(milliseconds, this.options.signal).then(
      () => true,
      () => false,
    );
  }
}

function done(step: Step): StepResult {
  return { type: "done", done: RESULT[step.action] };
}

function withheld(message: string): StepResult {
  return { type: "withheld", message };
}

function refOf({ kind, namespace, name }: Step): ObjectRef {
  return { kind, namespace, name };
}
