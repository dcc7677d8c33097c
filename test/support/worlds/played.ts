import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import type { ClusterActor } from "../../../src/ports/cluster.js";
import { type LiveWorkload, type Orchestra, workloadObjects } from "./kubernetes.js";
import { keyOf, type Objects } from "./objects.js";

/** The real players' Kubernetes: worlds only edit workloads and delete Pods, over the API. */
export class PlayedKubernetes implements Orchestra {
  constructor(
    readonly actor: ClusterActor,
    readonly objects: Objects,
    readonly settle: () => Promise<void>,
  ) {}

  pods(): KubeObject[] {
    return [...this.objects.all("Pod").values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  async scale(one: LiveWorkload, replicas: number): Promise<void> {
    const { namespace, name } = one;
    const kind = KINDS[one.kind];
    if (this.objects.all(one.kind).has(`${namespace}/${name}`))
      await this.actor.patch({ kind, namespace, name }, { spec: { replicas } });
    else await this.actor.create(asWritten(workloadObjects(one, replicas)[0]!), kind);
    await this.settle();
  }

  async restart({ metadata: { namespace, name, uid } }: KubeObject): Promise<void> {
    await this.actor.delete({ kind: KINDS.Pod, namespace, name }, { uid });
    await this.settle();
  }

  retryWaiting(): Promise<void> {
    return this.settle();
  }
}

/** As a person would apply it. */
function asWritten(workload: KubeObject): KubeObject {
  const { uid: _server, ...metadata } = workload.metadata;
  const spec = workload.spec as { template: { spec: object } };
  const template = { ...spec.template, spec: { containers: [{ name: "app", image: "app" }] } };
  return {
    ...workload,
    metadata,
    spec: { ...spec, serviceName: metadata.name, podManagementPolicy: "Parallel", template },
  };
}
