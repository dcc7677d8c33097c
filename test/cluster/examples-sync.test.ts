import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KINDS, type SpiderEndpoint } from "../../src/core/spiderpool/objects.js";
import { cli } from "../support/cli.js";
import { clusterObjects, type Example, examples } from "../support/examples.js";
import { kubectlMissing, operatorAccess } from "../support/operator-access.js";
import { skipReason } from "../support/real-apiserver.js";
import { type RealPlayedCluster, sharedRealPlayedCluster } from "../support/real-played-cluster.js";

const reason = skipReason();
/** The one namespace whose workloads examples annotate. */
const ANNOTATED = "shop";

describe.skipIf(reason !== undefined)(
  `examples on a real kube-apiserver${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    let cluster: RealPlayedCluster;
    /** The operator's where kubectl can render its roles, so that they are enough for every example. */
    let kubeconfig: string;
    beforeAll(async () => {
      cluster = await sharedRealPlayedCluster();
      await cluster.add([{ apiVersion: "v1", kind: "Namespace", metadata: { name: ANNOTATED } }]);
      kubeconfig = kubectlMissing
        ? cluster.kubeconfig
        : await operatorAccess(cluster, "sync", { annotate: [ANNOTATED] });
    });
    afterAll(() => cluster?.stop());

    function onCluster(command: string, example: Example, ...rest: string[]) {
      const named = example.cluster === undefined ? [] : ["--cluster", example.cluster];
      return cli([command, "--path", example.plan, ...named, "--kubeconfig", kubeconfig, ...rest]);
    }

    async function addresses(): Promise<Record<string, unknown>> {
      const { items } = await cluster.actor.list(KINDS.SpiderEndpoint);
      return Object.fromEntries(
        (items as readonly SpiderEndpoint[]).map(({ metadata, status }) => [
          `${metadata.namespace}/${metadata.name}`,
          (status?.current?.ips ?? []).map(({ ipv4, ipv6 }) => [ipv4, ipv6]),
        ]),
      );
    }

    test.each(examples().map((example) => [example.name, example] as const))(
      "%s: plan, sync, Pods run, nobody moves, the next plan is empty (FIXED-7)",
      async (_name, example) => {
        await cluster.clean();
        await cluster.add(clusterObjects(example.snapshots.slice(0, 1)));
        const plan = await onCluster("plan", example, "-o", "json");
        expect(plan.code, plan.stdout + plan.stderr).toBe(0);
        const before = await addresses();

        const sync = await onCluster("sync", example);
        expect(sync.code, sync.stdout + sync.stderr).toBe(0);
        expect(await addresses(), "who ran keeps what it had").toMatchObject(before);
        await cluster.settle();
        expect((await cluster.actor.list(KINDS.Pod)).items.length).toBeGreaterThan(0);

        const next = await onCluster("plan", example, "--detailed-exitcode", "-o", "json");
        expect(JSON.parse(next.stdout).steps).toEqual([]);
        expect(next.code).toBe(0);
      },
    );
  },
);
