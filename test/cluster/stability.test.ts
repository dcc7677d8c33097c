import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skipReason } from "../support/real-apiserver.js";
import { type RealPlayedCluster, sharedRealPlayedCluster } from "../support/real-played-cluster.js";
import { oneBlockedBesideThirty, pinnedOrdinals, rolledTenTimes } from "../support/stability-cases.js";

const reason = skipReason();

describe.skipIf(reason !== undefined)(
  `stability on a real kube-apiserver${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    let cluster: RealPlayedCluster;
    beforeAll(async () => {
      cluster = await sharedRealPlayedCluster();
    });
    afterAll(() => cluster?.stop());

    test.each([
      ["a StatefulSet pinned per Pod, scaled 3 -> 1 -> 3, gets its addresses back", pinnedOrdinals],
      ["a Deployment rolled over ten times never leaves its set", rolledTenTimes],
      ["one blocked subnet beside thirty that sync", oneBlockedBesideThirty],
    ])("%s", async (_name, play) => {
      await cluster.clean();
      await play(cluster);
      expect.hasAssertions();
    });
  },
);
