import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import type { KubeCluster } from "../../src/adapters/kubernetes/kube-cluster.js";
import { clusterContract } from "../support/cluster-contract.js";

let cluster: EmbeddedCluster;

describe("the embedded cluster in process", () => {
  beforeAll(async () => {
    cluster = await startEmbeddedCluster({ facts: { enableSpiderSubnet: false } });
  });
  afterAll(() => cluster.stop());
  clusterContract(() => cluster.actor);
});

describe("the embedded cluster over HTTP", () => {
  let actor: KubeCluster;
  beforeAll(async () => {
    cluster = await startEmbeddedCluster({ facts: { enableSpiderSubnet: false } });
    const file = path.join(mkdtempSync(path.join(tmpdir(), "spiderplan-embedded-")), "config");
    writeFileSync(file, cluster.kubeconfig);
    actor = await connect({ kubeconfig: file });
  });
  afterAll(async () => {
    await actor.close();
    await cluster.stop();
  });
  clusterContract(() => actor);
});
