import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adoptHandMade, twoInstalls } from "../support/install-cases.js";
import { skipReason } from "../support/real-apiserver.js";
import { type RealPlayedCluster, startRealPlayedCluster } from "../support/real-played-cluster.js";

const reason = skipReason();

describe.skipIf(reason !== undefined)(
  `installs on a real kube-apiserver${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    let cluster: RealPlayedCluster;
    beforeAll(async () => {
      cluster = await startRealPlayedCluster();
    });
    afterAll(() => cluster?.stop());

    test("two installs on one cluster never touch each other's objects", async () => {
      await twoInstalls(cluster);
      expect.hasAssertions();
    });

    test("300 pools made by kubectl apply are adopted unchanged", async () => {
      await cluster.clean();
      await adoptHandMade(cluster, 300);
      expect.hasAssertions();
    });
  },
);
