import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { playCluster } from "../support/played-cluster.js";
import {
  oneBlockedBesideThirty,
  type PlayedForStability,
  pinnedOrdinals,
  rolledTenTimes,
} from "../support/stability-cases.js";
import { workspace } from "../support/workspace.js";

async function embedded(): Promise<PlayedForStability> {
  const cluster = await playCluster();
  onTestFinished(() => cluster.stop());
  const kubeconfig = join(workspace(), "kubeconfig");
  writeFileSync(kubeconfig, cluster.kubeconfig);
  return { actor: cluster.actor, kubeconfig, settle: cluster.settle, add: (objects) => cluster.create(...objects) };
}

test.each([
  ["a StatefulSet pinned per Pod, scaled 3 -> 1 -> 3, gets its addresses back", pinnedOrdinals],
  ["a Deployment rolled over ten times never leaves its set", rolledTenTimes],
  ["one blocked subnet beside thirty that sync", oneBlockedBesideThirty],
])(
  "%s",
  async (_name, play) => {
    await play(await embedded());
    expect.hasAssertions();
  },
  120_000,
);
