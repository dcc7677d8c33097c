import type { SpiderpoolFacts } from "../core/spiderpool/facts.js";
import type { ClusterActor } from "../ports/cluster.js";
import type { Clock } from "../ports/runtime.js";
import { daemonSets } from "./daemon-sets.js";
import { deployments } from "./deployments.js";
import { endpoints } from "./endpoints.js";
import { jobs } from "./jobs.js";
import { multusConfigs } from "./multus-configs.js";
import { nodeLifecycle } from "./node-lifecycle.js";
import { type Player, play } from "./player.js";
import { cloneSets, replicaSets } from "./replica-sets.js";
import { scheduler } from "./scheduler.js";
import { spiderPools } from "./spider-pools.js";
import { spiderSubnets } from "./spider-subnets.js";
import { statefulSets } from "./stateful-sets.js";

export interface ControllerOptions {
  /** Also play Kubernetes' controller manager and scheduler, where there are none. */
  readonly kubernetes: boolean;
  readonly facts: SpiderpoolFacts;
}

const SPIDERPOOL = [spiderSubnets, spiderPools, multusConfigs, endpoints];
const KUBERNETES = [deployments, replicaSets, statefulSets, daemonSets, jobs, scheduler, nodeLifecycle];

/** Plays Spiderpool's controller, and the controllers of Kubernetes and OpenKruise where the cluster has none. */
export function startController(actor: ClusterActor, clock: Clock, options: ControllerOptions): Player {
  // No real cluster of the tests runs OpenKruise, so its controller is always played.
  const roles = [...SPIDERPOOL, cloneSets, ...(options.kubernetes ? KUBERNETES : [])];
  return play(actor, clock, options.facts, (stage) => roles.map((role) => role(stage)));
}
