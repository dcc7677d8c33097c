import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import type { KubeCluster } from "../../src/adapters/kubernetes/kube-cluster.js";
import { planSyncContract } from "../support/plan-sync-contract.js";

describe("the embedded cluster", () => {
  let cluster: EmbeddedCluster;
  let actor: KubeCluster;
  const kubeconfig = path.join(mkdtempSync(path.join(tmpdir(), "spiderplan-embedded-")), "config");
  beforeAll(async () => {
    cluster = await startEmbeddedCluster();
    writeFileSync(kubeconfig, cluster.kubeconfig);
    actor = await connect({ kubeconfig });
  });
  afterAll(async () => {
    await actor.close();
    await cluster.stop();
  });
  planSyncContract(() => ({ actor, kubeconfig }));
});
