import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { apply } from "../../src/app/apply/apply.js";
import { systemClock } from "../../src/cli/clock.js";
import { KINDS, type SpiderEndpoint, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { holders, ipPool, node, poolAnnotation, workload } from "../support/played-cluster.js";
import { skipReason, until } from "../support/real-apiserver.js";
import { type RealPlayedCluster, sharedRealPlayedCluster } from "../support/real-played-cluster.js";
import { nothingNew } from "../support/rejudge.js";
import { deleting, updating } from "../support/steps.js";

const reason = skipReason();

describe.skipIf(reason !== undefined)(
  `players on a real kube-apiserver${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    let cluster: RealPlayedCluster;
    beforeAll(async () => {
      cluster = await sharedRealPlayedCluster();
    });
    afterAll(() => cluster?.stop());
    beforeEach(async () => {
      await cluster.clean();
      await cluster.add([node("node-a"), node("node-b")]);
    });

    const pool = async (name: string) => (await cluster.actor.get({ kind: KINDS.SpiderIPPool, name })) as SpiderIPPool;
    const scale = (kind: "Deployment" | "StatefulSet", name: string, replicas: number) =>
      cluster.actor.patch({ kind: KINDS[kind], namespace: "default", name }, { spec: { replicas } });

    async function addresses(): Promise<Record<string, string>> {
      const { items } = await cluster.actor.list(KINDS.SpiderEndpoint, { namespace: "default" });
      return Object.fromEntries(
        (items as readonly SpiderEndpoint[]).map(({ metadata, status }) => [
          metadata.name,
          status?.current?.ips[0]?.ipv4?.split("/")[0] ?? "",
        ]),
      );
    }

    test("a Deployment's real Pods get addresses of their pool, more when it grows", async () => {
      await cluster.add([
        ipPool("p", { ips: ["10.6.0.10-10.6.0.19"] }),
        workload("Deployment", "web", { replicas: 2, annotations: poolAnnotation("p") }),
      ]);
      await cluster.settle();
      expect(Object.values(await addresses()).sort()).toEqual(["10.6.0.10", "10.6.0.11"]);
      await scale("Deployment", "web", 4);
      await cluster.settle();
      const now = await addresses();
      expect(Object.values(now).sort()).toEqual(["10.6.0.10", "10.6.0.11", "10.6.0.12", "10.6.0.13"]);
      const names = Object.keys(now).map((name) => `default/${name}`);
      expect(Object.values(holders(await pool("p"))).sort()).toEqual(names.sort());
      const pods = (await cluster.actor.list(KINDS.Pod, { namespace: "default" })).items;
      for (const { metadata, status } of pods) {
        expect((status as { podIP?: string }).podIP).toBe(now[metadata.name]);
      }
    });

    test("a StatefulSet's Pod comes back with its address (A18)", async () => {
      await cluster.add([
        ipPool("p", { ips: ["10.6.0.10-10.6.0.19"] }),
        workload("StatefulSet", "db", { replicas: 2, annotations: poolAnnotation("p") }),
      ]);
      await cluster.settle();
      const before = await addresses();
      expect(Object.keys(before).sort()).toEqual(["db-0", "db-1"]);
      const first = { kind: KINDS.Pod, namespace: "default", name: "db-0" };
      const { uid } = (await cluster.actor.get(first)).metadata;
      await cluster.actor.delete(first, { uid });
      await until("db-0 is another Pod", async () => (await cluster.actor.get(first)).metadata.uid !== uid);
      await cluster.settle();
      expect(await addresses()).toEqual(before);
    });

    test("the webhooks refuse what is in use, and apply withholds it before it asks (FIXED-1, P16)", async () => {
      await cluster.add([
        ipPool("p", { ips: ["10.6.0.10-10.6.0.19"] }),
        ipPool("q", { ips: ["10.6.0.30-10.6.0.39"] }),
        workload("Deployment", "web", { replicas: 2, annotations: poolAnnotation("p") }),
      ]);
      const [decidedOn, other] = [await pool("p"), await pool("q")];
      await cluster.settle();
      const metadata = { resourceVersion: (await pool("p")).metadata.resourceVersion };
      const shrink = cluster.actor.patch(
        { kind: KINDS.SpiderIPPool, name: "p" },
        { metadata, spec: { ips: ["10.6.0.19"] } },
      );
      await expect(shrink).rejects.toMatchObject({ reason: "Denied", transient: false });

      const want = { ...decidedOn, spec: { ...decidedOn.spec, ips: ["10.6.0.11-10.6.0.19"] } };
      const report = await apply(
        { steps: [updating(decidedOn, want, 5), deleting(other, 5)] },
        {
          cluster: cluster.actor,
          clock: systemClock,
          identity: "t",
          install: "default",
          facts: { namespace: "kube-system" },
          rejudge: nothingNew,
        },
      );
      expect(report).toMatchObject({ updated: 0, deleted: 1, failed: [] });
      expect(report.withheld[0]?.message).toMatch(/^10\.6\.0\.10 is in use by default\/web-/);
      expect(report.check).toMatchObject({ overlaps: [], displaced: [] });
      expect(Object.keys(holders(await pool("p")))).toHaveLength(2);
    });
  },
);
