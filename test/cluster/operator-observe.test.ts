import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { KINDS } from "../../src/core/spiderpool/objects.js";
import { ACCESS_KINDS } from "../support/access.js";
import { pools, X } from "../support/operator/small-plan.js";
import { eventually, NAMESPACE, type Stage, setStage } from "../support/operator/stage.js";
import { IN_SYNC, ready } from "../support/operator/steps.js";
import { kubectlMissing, kustomized, operatorAccess } from "../support/operator-access.js";
import { skipReason } from "../support/real-apiserver.js";
import { type RealPlayedCluster, sharedRealPlayedCluster } from "../support/real-played-cluster.js";

const reason = skipReason() ?? (kubectlMissing ? "kubectl is not here" : undefined);
const WAY = `kubectl apply -n ${NAMESPACE} -k deploy/locks`;

describe.skipIf(reason !== undefined)(
  `the operator under exactly deploy/observe and deploy/sources${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    let cluster: RealPlayedCluster;
    let rights: string;
    beforeAll(async () => {
      cluster = await sharedRealPlayedCluster();
      for (const name of [NAMESPACE, "spiderplan-system"]) {
        await cluster.add([{ apiVersion: "v1", kind: "Namespace", metadata: { name } }]);
      }
      rights = await operatorAccess(cluster, "observe", { planSyncs: [NAMESPACE] });
    });
    afterAll(() => cluster?.stop());

    /** A stage of its own; what follows its repository goes with it. */
    async function opened(): Promise<Stage> {
      const stage = await setStage(cluster, { kubeconfig: rights, namespace: "spiderplan-system" });
      onTestFinished(async () => {
        await stage.end();
        for (const [kind, name] of [
          ["PlanSync", "dc"],
          ["Secret", "git-credentials"],
        ] as const)
          await cluster.actor.delete({ kind: KINDS[kind], namespace: NAMESPACE, name }, {});
      });
      await stage.push({ "plan/a.yaml": pools(X(19)) });
      return stage;
    }

    const told = async (stage: Stage) =>
      (await stage.status()).conditions?.find(({ type }) => type === "Ready")?.message ?? "";

    test("observe plans and tells without any further right", async () => {
      const stage = await opened();
      await stage.planSync();
      await stage.start();
      await ready(stage, IN_SYNC);
      expect(await told(stage)).toContain("mode observe writes nothing");
    });

    test.each([
      ["lock: cluster", { lock: "cluster" }],
      ["mode manual", { sync: { mode: "manual" } }],
    ] as const)("%s says which right is missing and what gives it", async (what, spec) => {
      const stage = await opened();
      await stage.planSync(spec);
      const operator = await stage.start();
      await ready(stage, "False ReconciliationFailed");
      expect(await told(stage)).toContain(
        `${what} needs ConfigMaps of namespace ${NAMESPACE}, a right that \`${WAY}\` gives`,
      );
      expect(await told(stage)).toMatch(/configmaps.* is forbidden/);
      expect((await fetch(`${operator.probes}/healthz`)).status).toBe(200);
      expect(operator.log.filter((line) => line.startsWith("error"))).toEqual([]);
    });

    test("with deploy/locks a PlanSync that only observes with lock: cluster is judged", async () => {
      const stage = await opened();
      await stage.planSync({ lock: "cluster" });
      await stage.start();
      await ready(stage, "False ReconciliationFailed");
      for (const { metadata, ...rest } of kustomized("locks")) {
        const object = { ...rest, metadata: { ...metadata, namespace: NAMESPACE } };
        await cluster.actor.create(object, ACCESS_KINDS[rest.kind]!);
      }
      await eventually(
        () => told(stage),
        (now) => now.includes("mode observe writes nothing"),
        40,
      );
      expect(await stage.pool("x")).toBeUndefined();
    });
  },
);
