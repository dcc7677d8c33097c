import { KINDS, type KubeObject } from "../core/spiderpool/objects.js";
import type { Stage } from "./player.js";
import {
  controlledBy,
  controllerReference,
  isOutdated,
  type PodTemplateSpec,
  REVISION,
  stableText,
  templateHash,
  type WorkloadSpec,
} from "./workload.js";

/** A template a StatefulSet or DaemonSet has or had. */
interface Revision {
  readonly name: string;
  readonly hash: string;
  readonly template: PodTemplateSpec;
}

/** Kubernetes' ControllerRevision (apps/v1), as far as it is read here. */
interface StoredRevision extends KubeObject {
  revision?: number;
}

/** The templates of a workload: the one of its spec, and by name those before. */
export class Revisions {
  constructor(
    readonly update: Revision,
    readonly known: ReadonlyMap<string, Revision>,
  ) {}

  /** Whether a Pod is of the spec's template; a Pod of a revision nobody knows is judged by what it looks like. */
  isUpdated(pod: KubeObject): boolean {
    const of = pod.metadata.labels?.[REVISION];
    const revision = [...this.known.values()].find(({ name, hash }) => name === of || hash === of);
    return revision === undefined ? !isOutdated(pod, this.update.template) : revision.name === this.update.name;
  }
}

/** Reads the history of a workload's templates, and writes the one of its spec down if it is new. */
export async function revisionsOf(stage: Stage, owner: KubeObject): Promise<Revisions> {
  const { template = {} } = owner.spec as WorkloadSpec;
  const stored = controlledBy(stage, "ControllerRevision", owner) as StoredRevision[];
  const known = new Map(stored.map((one) => [one.metadata.name, readRevision(one)]));
  const text = stableText(template);
  const same = [...known.values()].find((one) => stableText(one.template) === text);
  if (same !== undefined) return new Revisions(same, known);
  const hash = templateHash(template);
  const { name, namespace } = owner.metadata;
  const { apiVersion, kind } = KINDS.ControllerRevision;
  const written = {
    apiVersion,
    kind,
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...template.metadata?.labels, [HASH]: hash },
      ownerReferences: [controllerReference(owner)],
    },
    data: { spec: { template: { ...template, $patch: "replace" } } },
    revision: stored.reduce((most, { revision = 0 }) => Math.max(most, revision), 0) + 1,
  };
  const made = await stage.learned(stage.actor.create(written as unknown as KubeObject, KINDS.ControllerRevision));
  const update = readRevision(made);
  return new Revisions(update, new Map([...known, [update.name, update]]));
}

const HASH = "controller.kubernetes.io/hash";

function readRevision({ metadata, data }: KubeObject): Revision {
  const stored = data as unknown as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | undefined;
  const { $patch: _how, ...template } = stored?.spec?.template ?? {};
  return { name: metadata.name, hash: metadata.labels?.[HASH] ?? metadata.name, template };
}
