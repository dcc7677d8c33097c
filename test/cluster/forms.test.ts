import { afterAll, beforeAll, beforeEach, describe, test } from "vitest";
import { migrates, scalesAndReturns, slices } from "../support/forms-stories.js";
import { node } from "../support/played-cluster.js";
import { skipReason } from "../support/real-apiserver.js";
import { type RealPlayedCluster, sharedRealPlayedCluster } from "../support/real-played-cluster.js";

const reason = skipReason();

describe.skipIf(reason !== undefined)(
  `ordinals, migrations and slices on a real kube-apiserver${reason ? ` (skipped: ${reason})` : ""}`,
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

    test("a StatefulSet pinned per Pod and scaled 3 -> 1 -> 3 gets its three addresses back", () =>
      scalesAndReturns(cluster));

    test.each(["Deployment", "StatefulSet"] as const)("a %s migrates in phases, the verdict at each", (kind) =>
      migrates(cluster, kind),
    );

    test("a namespace pool of 100 sliced among three workloads: each stays in its part", () => slices(cluster, 3));
  },
);
