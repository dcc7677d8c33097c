import { afterAll, beforeAll, describe } from "vitest";
import { planSyncContract } from "../support/plan-sync-contract.js";
import { type RealCluster, skipReason, startRealCluster } from "../support/real-apiserver.js";

const reason = skipReason();

describe.skipIf(reason !== undefined)(`a real kube-apiserver${reason ? ` (skipped: ${reason})` : ""}`, () => {
  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await startRealCluster();
  });
  afterAll(() => cluster?.stop());
  planSyncContract(() => cluster);
});
