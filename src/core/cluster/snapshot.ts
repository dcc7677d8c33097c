import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import type {
  KubeObject,
  SpiderEndpoint,
  SpiderIPPool,
  SpiderMultusConfig,
  SpiderReservedIP,
  SpiderSubnet,
} from "../spiderpool/objects.js";
import type { Usage } from "../usage.js";

export { type PodTemplate, podTemplate } from "../spiderpool/pod-template.js";

/** The facts of a cluster as plain data. Maps are keyed by name, or `namespace/name` for namespaced kinds. */
export interface Snapshot {
  /** Kinds that were listed completely; of any other kind the absence of an object means nothing. */
  readonly complete: ReadonlySet<string>;
  readonly subnets: ReadonlyMap<string, SpiderSubnet>;
  readonly pools: ReadonlyMap<string, SpiderIPPool>;
  readonly reserved: ReadonlyMap<string, SpiderReservedIP>;
  readonly endpoints: ReadonlyMap<string, SpiderEndpoint>;
  readonly multusConfigs: ReadonlyMap<string, SpiderMultusConfig>;
  readonly networkAttachments: ReadonlyMap<string, KubeObject>;
  readonly namespaces: ReadonlyMap<string, KubeObject>;
  readonly nodes: ReadonlyMap<string, KubeObject>;
  readonly pods: ReadonlyMap<string, KubeObject>;
  readonly replicaSets: ReadonlyMap<string, KubeObject>;
  readonly jobs: ReadonlyMap<string, KubeObject>;
  /** Templates that StatefulSets and DaemonSets had and have (ControllerRevisions). */
  readonly revisions: ReadonlyMap<string, KubeObject>;
  /** VirtualMachineInstances; VirtualMachines are among the workloads. */
  readonly instances: ReadonlyMap<string, KubeObject>;
  /** The Pods that a VM runs in, by its `namespace/name`: two while it migrates. */
  readonly launchers: ReadonlyMap<string, readonly KubeObject[]>;
  /** The most replicas a HorizontalPodAutoscaler may give a workload, by `namespace/Kind/name`. */
  readonly autoscaled?: ReadonlyMap<string, number>;
  /**
   * Workloads keyed `namespace/Kind/name`, Kind as owners spell it (`CloneSet.apps.kruise.io`): all that make Pods, those of
   * an operator's object too, but not what Spiderpool looks through.
   */
  readonly workloads: ReadonlyMap<string, KubeObject>;
  /** Facts F1 as read from the cluster; undefined where they could not be. */
  readonly facts: Partial<SpiderpoolFacts>;
  readonly use: Usage;
}
