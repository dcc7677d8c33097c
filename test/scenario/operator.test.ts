import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { setStage } from "../support/operator/stage.js";
import { OPERATOR_STORIES } from "../support/operator/stories.js";
import { workspace } from "../support/workspace.js";

test.each(OPERATOR_STORIES)(
  "%s",
  async (_name, story) => {
    const cluster = await startEmbeddedCluster();
    onTestFinished(() => cluster.stop());
    const kubeconfig = join(workspace(), "kubeconfig");
    writeFileSync(kubeconfig, cluster.kubeconfig);
    const stage = await setStage({ actor: cluster.actor, kubeconfig });
    onTestFinished(() => stage.end());
    await story(stage);
    expect.hasAssertions();
  },
  120_000,
);
