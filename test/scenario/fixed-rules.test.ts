import { expect, onTestFinished, test } from "vitest";
import { serve } from "../support/embedded.js";
import { fixedRulesBroken } from "../support/operator/fixed-rules.js";
import { ipPool } from "../support/played-cluster.js";

test("the rules the kills are judged by see a theft and an eviction", async () => {
  const record = { allocatedIPs: JSON.stringify({ "10.6.0.30": { pod: "default/web-1", podUid: "u" } }) };
  const cluster = await serve({
    objects: [
      { ...ipPool("a", { ips: ["10.6.0.10-10.6.0.19"] }), status: record },
      ipPool("b", { ips: ["10.6.0.19-10.6.0.20"] }),
    ],
  });
  onTestFinished(() => cluster.stop());
  expect(await fixedRulesBroken(cluster.actor, (owner) => owner)).toEqual([
    "FIXED-1: 10.6.0.30 of default/web-1 is recorded in a, which does not offer it",
    "FIXED-2: 10.6.0.19 is offered by a and b",
  ]);
});
