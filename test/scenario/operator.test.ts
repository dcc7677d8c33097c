import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { setStage } from "../support/operator/stage.js";
import { OPERATOR_STORIES } from "../support/operator/stories.js";
import { playCluster } from "../support/played-cluster.js";
import { workspace } from "../support/workspace.js";

test.each(OPERATOR_STORIES)(
  "%s",
  async (_name, story) => {
    const cluster = await playCluster();
    onTestFinished(() => cluster.stop());
    const kubeconfig = join(workspace(), "kubeconfig");
    writeFileSync(kubeconfig, cluster.kubeconfig);
    const { actor, settle } = cluster;
    const stage = await setStage({ actor, kubeconfig, settle, add: (objects) => cluster.create(...objects) });
    onTestFinished(() => stage.end());
    await story(stage).catch((e) => {
      if (process.env.SHOW) console.log(stage.logs().join("\n"));
      throw e;
    });
    expect.hasAssertions();
  },
  120_000,
);
