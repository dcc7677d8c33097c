import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KINDS } from "../../../src/core/spiderpool/objects.js";
import { kubectlMissing, operatorAccess } from "../operator-access.js";
import { skipReason, until } from "../real-apiserver.js";
import { type RealPlayedCluster, startRealPlayedCluster } from "../real-played-cluster.js";
import { NAMESPACE, setStage } from "./stage.js";
import type { Story } from "./story.js";

const reason = skipReason() ?? (kubectlMissing ? "kubectl is not here" : undefined);

/** Tells stories on a real kube-apiserver, one after another, each operator under exactly its own rights. */
export function onRealCluster(stories: readonly Story[]): void {
  const skipped = reason ? ` (skipped: ${reason})` : "";
  describe.skipIf(reason !== undefined)(`the operator on a real kube-apiserver${skipped}`, () => {
    let cluster: RealPlayedCluster;
    let rights: string;
    beforeAll(async () => {
      cluster = await startRealPlayedCluster();
      const namespaces = [NAMESPACE, "spiderplan-system"].map((name) => ({
        ...{ apiVersion: "v1", kind: "Namespace", metadata: { name } },
      }));
      await cluster.add(namespaces);
      rights = await operatorAccess(cluster, "sync", { planSyncs: [NAMESPACE] });
    });
    afterAll(() => cluster?.stop());

    test.each(stories)("%s", async (_name, story) => {
      await cluster.clean();
      await cleanPlanSyncs(cluster);
      const stage = await setStage(cluster, { kubeconfig: rights, namespace: "spiderplan-system" });
      try {
        await story(stage);
      } finally {
        await stage.end();
      }
      expect.hasAssertions();
    });
  });
}

/** Takes away what the operator left beside its objects. */
async function cleanPlanSyncs({ actor }: RealPlayedCluster): Promise<void> {
  for (const kind of [KINDS.PlanSync, KINDS.Secret, KINDS.ConfigMap, KINDS.Event]) {
    await until(`no ${kind.plural} are left`, async () => {
      const { items } = await actor.list(kind, { namespace: NAMESPACE });
      const own = items.filter(
        ({ metadata }) => metadata.name !== "kube-root-ca.crt" && !metadata.name.startsWith("default-token"),
      );
      for (const { metadata } of own) {
        const ref = { kind, namespace: NAMESPACE, name: metadata.name };
        if (metadata.finalizers?.length) await actor.patch(ref, { metadata: { finalizers: null } });
        if (!metadata.deletionTimestamp) await actor.delete(ref, {});
      }
      return own.length === 0;
    });
  }
}
