import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import { parseYamlDocuments } from "../../src/adapters/plan-files/yaml.js";
import { systemClock } from "../../src/cli/clock.js";
import { ClusterError } from "../../src/core/cluster-error.js";
import type { WatchableCluster } from "../../src/ports/cluster.js";
import { eventually, startOperator } from "../support/operator/stage.js";
import { playCluster } from "../support/played-cluster.js";
import { workspace } from "../support/workspace.js";

/** An operator whose every call to the API server fails as a test says, and time of which some can be skipped. */
async function stage() {
  const cluster = await playCluster();
  onTestFinished(() => cluster.stop());
  const kubeconfig = join(workspace(), "kubeconfig");
  writeFileSync(kubeconfig, cluster.kubeconfig);
  const real = await connect({ kubeconfig, env: {}, parseYaml: (text) => parseYamlDocuments(text)[0] });
  const state: { failure?: ClusterError; skipped: number } = { skipped: 0 };
  const failing = new Proxy<WatchableCluster>(real, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function" || name === "watch") return member;
      return async (...given: unknown[]) => {
        if (state.failure !== undefined) throw state.failure;
        return member.apply(target, given);
      };
    },
  });
  const clock = { ...systemClock, monotonic: () => performance.now() + state.skipped };
  const operator = await startOperator(kubeconfig, {
    cluster: failing,
    clock,
    namespace: "kube-system",
    watchTimes: { missing: 500, backoff: 100 },
  });
  onTestFinished(() => operator.stop());
  const ready = async () => {
    const answer = await fetch(`${operator.probes}/readyz`);
    return `${answer.status} ${await answer.text()}`;
  };
  await eventually(
    async () => operator.log.some((line) => line.startsWith("info leading")),
    (leads) => leads,
  );
  await eventually(ready, (now) => now === "200 ok\n");
  return { state, ready, operator };
}

test.each([
  ["Unauthorized", 401],
  ["Forbidden", 403],
] as const)("%s: not ready, and ready again once it is let in", async (reason, status) => {
  const { state, ready, operator } = await stage();
  state.failure = new ClusterError(reason, "no", false, status);
  await eventually(ready, (now) => now.startsWith("503") && now.includes("the API server refuses this operator: no"));
  expect((await fetch(`${operator.probes}/healthz`)).status, "a restart would not help").toBe(200);
  state.failure = undefined;
  await eventually(ready, (now) => now === "200 ok\n");
});

test("an API server that is gone: ready for as long as the Lease lasts, and not ready after", async () => {
  const { state, ready } = await stage();
  state.failure = new ClusterError("Unreachable", "gone", true);
  state.skipped = 5_000;
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(await ready()).toBe("200 ok\n");
  state.skipped = 20_000;
  await eventually(ready, (now) => /^503 the API server has not answered for \d+ s\n/.test(now));
  state.failure = undefined;
  await eventually(ready, (now) => now === "200 ok\n");
});
