import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect } from "../../../src/adapters/kubernetes/connect.js";
import { KINDS } from "../../../src/core/spiderpool/objects.js";
import { kubeconfigOf } from "../access.js";
import { faultyFront } from "../faulty-front.js";
import { flakyProxy } from "../flaky-proxy.js";
import { kubeconfigFile } from "../kubeconfig-file.js";
import { kubectlMissing, operatorAccess } from "../operator-access.js";
import { skipReason } from "../real-apiserver.js";
import { type RealPlayedCluster, sharedRealPlayedCluster } from "../real-played-cluster.js";
import type { Access, FaultyStage } from "./faulty-stage.js";
import { NAMESPACE, type Stage, setStage } from "./stage.js";
import type { Story } from "./story.js";

const reason = skipReason() ?? (kubectlMissing ? "kubectl is not here" : undefined);

/** The same of operators whose requests, and webhooks that, can fail. */
export function onFaultyRealCluster(stories: readonly Story<FaultyStage>[]): void {
  onRealCluster(
    stories.map(
      ([name, story]) => [name, (stage, cluster, rights) => withFaults(stage, cluster, rights, story)] as const,
    ),
  );
}

/** Between operators and the API server: a proxy whose packets get lost, before a door that spoils writes. */
async function withFaults(
  stage: Stage,
  cluster: RealPlayedCluster,
  rights: string,
  story: (stage: FaultyStage) => Promise<void>,
): Promise<void> {
  const front = await faultyFront({ kubeconfig: rights });
  const proxy = await flakyProxy(front.url);
  const trust = { "certificate-authority": cluster.authority.certFile };
  const users: Readonly<Record<Access, string>> = {
    granted: rights,
    Unauthorized: kubeconfigFile(cluster.server, { cluster: trust, user: { token: "that-nobody-gave-out" } }),
    Forbidden: kubeconfigOf(cluster, "somebody-without-rights"),
  };
  try {
    await story({
      ...stage,
      start: async (options) =>
        stage.start({ ...options, cluster: await connect({ kubeconfig: kubeconfigFile(proxy.url), env: {} }) }),
      proxy,
      intercept: front.intercept,
      access: (how) => front.askAs(users[how]),
      admission: (how) => (how === "down" ? cluster.admission.refuse() : cluster.admission.resume()),
      wipe: (kind, name) => cluster.wipe(KINDS[kind], name),
    });
  } finally {
    cluster.admission.resume();
    await stage.end();
    await proxy.stop();
    await front.stop();
  }
}

/** Tells stories on a real kube-apiserver, one after another, each operator under exactly its own rights. */
export function onRealCluster(
  stories: readonly (readonly [string, (stage: Stage, cluster: RealPlayedCluster, rights: string) => Promise<void>])[],
): void {
  const skipped = reason ? ` (skipped: ${reason})` : "";
  describe.skipIf(reason !== undefined)(`the operator on a real kube-apiserver${skipped}`, () => {
    let cluster: RealPlayedCluster;
    let rights: string;
    beforeAll(async () => {
      cluster = await sharedRealPlayedCluster();
      const namespaces = [NAMESPACE, "spiderplan-system"].map((name) => ({
        ...{ apiVersion: "v1", kind: "Namespace", metadata: { name } },
      }));
      await cluster.add(namespaces);
      rights = await operatorAccess(cluster, "sync", { planSyncs: [NAMESPACE] });
    });
    afterAll(() => cluster?.stop());

    test.each(stories)("%s", async (_name, story) => {
      await cluster.clean();
      const stage = await setStage(cluster, { kubeconfig: rights, namespace: "spiderplan-system" });
      try {
        await story(stage, cluster, rights);
      } finally {
        await stage.end();
      }
      expect.hasAssertions();
    });
  });
}
