import { join } from "node:path";
import { afterEach, beforeEach, test } from "vitest";
import { migrates, type Stage, scalesAndReturns, slices } from "../support/forms-stories.js";
import { node, type PlayedCluster, playCluster } from "../support/played-cluster.js";
import { workspace } from "../support/workspace.js";

let cluster: PlayedCluster;
let stage: Stage;

beforeEach(async () => {
  cluster = await playCluster();
  const kubeconfig = join(workspace({ kubeconfig: cluster.kubeconfig }), "kubeconfig");
  stage = { actor: cluster.actor, kubeconfig, add: (objects) => cluster.create(...objects), settle: cluster.settle };
  await cluster.create(node("node-a"));
});

afterEach(() => cluster.stop());

test("a StatefulSet pinned per Pod and scaled 3 -> 1 -> 3 gets its three addresses back", () =>
  scalesAndReturns(stage));

test.each(["Deployment", "StatefulSet"] as const)("a %s migrates in phases, the verdict at each", (kind) =>
  migrates(stage, kind),
);

test("a namespace pool of 100 sliced among three workloads: each stays in its part through ten restarts", () =>
  slices(stage, 10));
