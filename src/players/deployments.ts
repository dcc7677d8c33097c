import { KINDS, type KubeObject } from "../core/spiderpool/objects.js";
import { itself, type Role, type Stage } from "./player.js";
import {
  controlledBy,
  controllerKey,
  controllerReference,
  countOf,
  isReady,
  isTerminating,
  reportStatus,
  stableText,
  templateHash,
  type WorkloadSpec,
} from "./workload.js";

const HASH = "pod-template-hash";
const REVISION = "deployment.kubernetes.io/revision";

interface DeploymentSpec extends WorkloadSpec {
  paused?: boolean;
  strategy?: { type?: string; rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string } };
  revisionHistoryLimit?: number;
}

/** Kubernetes' Deployment controller: one ReplicaSet a template, rolled over within maxSurge and maxUnavailable. */
export function deployments(stage: Stage): Role {
  const kind = KINDS.Deployment;
  return {
    name: "deployments",
    on: {
      Deployment: itself,
      ReplicaSet: controllerKey(kind),
      Pod: (pod) => {
        const owner = controllerKey(KINDS.ReplicaSet)(pod).flatMap((key) => stage.mirror("ReplicaSet").get(key) ?? []);
        return owner.flatMap(controllerKey(kind));
      },
    },
    reconcile: async (key) => {
      const deployment = stage.mirror("Deployment").get(key);
      if (deployment === undefined || isTerminating(deployment)) return;
      await new Rollout(stage, deployment).run();
    },
  };
}

class Rollout {
  readonly #spec: DeploymentSpec;
  readonly #wanted: number;

  constructor(
    readonly stage: Stage,
    readonly deployment: KubeObject,
  ) {
    this.#spec = deployment.spec as DeploymentSpec;
    this.#wanted = this.#spec.replicas ?? 1;
  }

  async run(): Promise<void> {
    const sets = controlledBy(this.stage, "ReplicaSet", this.deployment);
    if (this.#spec.paused) return this.#holdStill(sets);
    const current = sets.find((set) => this.#hasTemplate(set)) ?? (await this.#createSet(sets));
    const old = sets.filter((set) => set !== current);
    if (this.#spec.strategy?.type === "Recreate") await this.#recreate(current, old);
    else await this.#roll(current, old);
    await this.#forget(old);
    await this.#report(current, [current, ...old]);
  }

  /** Paused: no new ReplicaSet and no rolling; what is scaled is the newest that lives, of several by the surplus. */
  async #holdStill(sets: readonly KubeObject[]): Promise<void> {
    const newest = [...sets].sort((a, b) => revisionOf(b) - revisionOf(a));
    const active = newest.filter((set) => replicasOf(set) > 0);
    if (active.length < 2) {
      const [only] = active.length > 0 ? active : newest;
      if (only !== undefined) await this.#scale(only, this.#wanted);
    } else {
      const { maxSurge } = this.#spec.strategy?.rollingUpdate ?? {};
      const allowed = this.#wanted === 0 ? 0 : this.#wanted + countOf(maxSurge ?? "25%", this.#wanted, Math.ceil);
      let surplus = allowed - active.reduce((sum, set) => sum + replicasOf(set), 0);
      for (const set of surplus > 0 ? active : active.reverse()) {
        const change = Math.max(surplus, -replicasOf(set));
        await this.#scale(set, replicasOf(set) + change);
        surplus -= change;
      }
    }
    await this.#report(
      sets.find((set) => this.#hasTemplate(set)),
      sets,
    );
  }

  #hasTemplate(set: KubeObject): boolean {
    const template = structuredClone((set.spec as WorkloadSpec).template);
    if (template?.metadata?.labels !== undefined) delete template.metadata.labels[HASH];
    return normal(template) === normal(this.#spec.template);
  }

  async #createSet(sets: readonly KubeObject[]): Promise<KubeObject> {
    const { name, namespace } = this.deployment.metadata;
    const hash = templateHash(this.#spec.template);
    const template = this.#spec.template ?? {};
    const labels = { ...template.metadata?.labels, [HASH]: hash };
    const set = {
      apiVersion: KINDS.ReplicaSet.apiVersion,
      kind: KINDS.ReplicaSet.kind,
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels,
        annotations: { [REVISION]: String(sets.map(revisionOf).reduce((most, one) => Math.max(most, one), 0) + 1) },
        ownerReferences: [controllerReference(this.deployment)],
      },
      spec: {
        replicas: sets.some((other) => replicasOf(other) > 0) ? 0 : this.#wanted,
        selector: { ...this.#spec.selector, matchLabels: { ...this.#spec.selector?.matchLabels, [HASH]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    };
    return this.stage.learned(this.stage.actor.create(set, KINDS.ReplicaSet));
  }

  async #recreate(current: KubeObject, old: readonly KubeObject[]): Promise<void> {
    for (const set of old) await this.#scale(set, 0);
    const left = old.some((set) => controlledBy(this.stage, "Pod", set).length > 0);
    if (!left) await this.#scale(current, this.#wanted);
  }

  async #roll(current: KubeObject, old: readonly KubeObject[]): Promise<void> {
    const { maxSurge, maxUnavailable } = this.#spec.strategy?.rollingUpdate ?? {};
    const surge = countOf(maxSurge ?? "25%", this.#wanted, Math.ceil);
    const unavailable = countOf(maxUnavailable ?? "25%", this.#wanted, Math.floor) || (surge === 0 ? 1 : 0);
    const others = old.reduce((sum, set) => sum + replicasOf(set), 0);
    if (others === 0) return this.#scale(current, this.#wanted);
    const room = this.#wanted + surge - others - replicasOf(current);
    const grown = Math.min(this.#wanted, replicasOf(current) + Math.max(0, room));
    await this.#scale(current, Math.max(grown, Math.min(replicasOf(current), this.#wanted)));
    await this.#shrinkOld(old, grown, this.#wanted - unavailable);
  }

  /** Takes Pods from the old sets: first those that do not run, then as many as the available ones allow. */
  async #shrinkOld(old: readonly KubeObject[], grown: number, minimum: number): Promise<void> {
    const current = controlledBy(this.stage, "ReplicaSet", this.deployment).find((set) => this.#hasTemplate(set))!;
    const total = grown + old.reduce((sum, set) => sum + replicasOf(set), 0);
    let budget = total - minimum - (grown - this.#available(current));
    for (const set of old) {
      const broken = Math.min(budget, replicasOf(set) - this.#available(set));
      const running = Math.min(budget - Math.max(0, broken), this.#available(set));
      const fewer = Math.max(0, broken) + Math.max(0, running);
      budget -= fewer;
      await this.#scale(set, replicasOf(set) - fewer);
    }
  }

  #available(set: KubeObject): number {
    return controlledBy(this.stage, "Pod", set).filter(isReady).length;
  }

  async #scale(set: KubeObject, replicas: number): Promise<void> {
    if (replicasOf(set) === replicas) return;
    const { namespace, name, uid } = set.metadata;
    const patch = { metadata: { uid }, spec: { replicas } };
    await this.stage.learned(this.stage.actor.patch({ kind: KINDS.ReplicaSet, namespace, name }, patch));
  }

  async #forget(old: readonly KubeObject[]): Promise<void> {
    const idle = old.filter((set) => replicasOf(set) === 0 && !isTerminating(set));
    idle.sort((a, b) => revisionOf(b) - revisionOf(a));
    for (const set of idle.slice(this.#spec.revisionHistoryLimit ?? 10)) {
      const { namespace, name, uid } = set.metadata;
      await this.stage.actor.delete({ kind: KINDS.ReplicaSet, namespace, name }, { uid });
    }
  }

  async #report(current: KubeObject | undefined, sets: readonly KubeObject[]): Promise<void> {
    const pods = sets.flatMap((set) => controlledBy(this.stage, "Pod", set)).filter((pod) => !isTerminating(pod));
    const ready = pods.filter(isReady).length;
    const own = current === undefined ? [] : controlledBy(this.stage, "Pod", current);
    const updated = own.filter((pod) => !isTerminating(pod)).length;
    // Read again: the status goes with the version that is stored now.
    const { namespace, name } = this.deployment.metadata;
    const live = this.stage.mirror("Deployment").get(`${namespace}/${name}`) ?? this.deployment;
    await reportStatus(this.stage, KINDS.Deployment, live, {
      observedGeneration: live.metadata.generation,
      replicas: pods.length,
      updatedReplicas: updated,
      readyReplicas: ready,
      availableReplicas: ready,
      unavailableReplicas: Math.max(0, this.#wanted - ready),
    });
  }
}

function replicasOf(set: KubeObject): number {
  return (set.spec as WorkloadSpec).replicas ?? 1;
}

function revisionOf(set: KubeObject): number {
  return Number(set.metadata.annotations?.[REVISION] ?? "0");
}

/** A template as text; an API server writes `creationTimestamp: null` into some. */
function normal(template: WorkloadSpec["template"]): string {
  const { creationTimestamp: _nothing, ...metadata } = (template?.metadata ?? {}) as Record<string, unknown>;
  return stableText({ ...template, metadata });
}
