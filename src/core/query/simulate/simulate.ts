import { tenantsOf } from "../../cluster/tenants.js";
import type { Snapshot } from "../../snapshot.js";
import type { SpiderpoolFacts } from "../../spiderpool/facts.js";
import type { LabelSelector } from "../../spiderpool/objects.js";
import { matches } from "../../spiderpool/selector.js";
import { sceneOf } from "../../verdict/replay.js";
import { actorsOf } from "./actors.js";
import { withGrownAutoPools } from "./grown-auto-pools.js";
import { Play } from "./play.js";
import type { Simulation } from "./simulation.js";
import { Stage } from "./stage.js";

/** What is supposed to happen, in this order: nodes fail, are drained, workloads scale, roll out, everything restarts. */
export interface SimulationRequest {
  readonly failed: readonly string[];
  readonly drained: readonly string[];
  /** How many Pods a workload (`namespace/Kind/name`) shall have. */
  readonly scale: ReadonlyMap<string, number>;
  readonly rollout: readonly string[];
  readonly restart: boolean;
}

/**
 * Plays events on a cluster as it is: who gets which address, and who gets none. Pods that start at the same time do so
 * in name order; where another order would leave one without, it says so.
 * @param request workloads and nodes in it must be in the snapshot
 */
export function simulate(snapshot: Snapshot, facts: SpiderpoolFacts, request: SimulationRequest): Simulation {
  const grown = withGrownAutoPools(snapshot, facts, request.scale);
  const scene = sceneOf(grown, facts);
  const stage = new Stage(scene, new Set([...request.failed, ...request.drained]));
  const play = new Play(stage, actorsOf(scene, tenantsOf(grown, facts)));
  play.failNodes(new Set(request.failed));
  play.drain(new Set(request.drained));
  for (const [key, replicas] of [...request.scale].sort(([a], [b]) => (a < b ? -1 : 1))) play.scale(key, replicas);
  for (const key of [...new Set(request.rollout)].sort()) play.rollOut(key);
  if (request.restart) play.restartAll();
  return play.result();
}

/** Names of the nodes a selector picks. */
export function nodesBy(snapshot: Snapshot, selector: LabelSelector): string[] {
  return [...snapshot.nodes.values()]
    .filter((node) => matches(selector, node.metadata.labels ?? {}))
    .map((node) => node.metadata.name)
    .sort();
}
