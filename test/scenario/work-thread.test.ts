import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import type { LeaseSpec } from "../../src/app/lease-record.js";
import { KINDS } from "../../src/core/spiderpool/objects.js";
import { LEAD_STORIES } from "../support/operator/lead-stories.js";
import { planText } from "../support/operator/plan-text.js";
import { pools, X } from "../support/operator/small-plan.js";
import { eventually, NAMESPACE, type Stage, setStage } from "../support/operator/stage.js";
import { applied, automated, ready } from "../support/operator/steps.js";
import { threadedWork } from "../support/operator/work-thread.js";
import { playCluster } from "../support/played-cluster.js";
import { workspace } from "../support/workspace.js";

const OTHER = planText(
  "subnets: {own: {cidr: 10.7.0.0/24, ranges: [10.7.0.10-10.7.0.99]}}\npools: {o: {subnet: own, addresses: [10.7.0.10]}}",
);

async function setThreadedStage(): Promise<Stage> {
  const cluster = await playCluster();
  onTestFinished(() => cluster.stop());
  const kubeconfig = join(workspace(), "kubeconfig");
  writeFileSync(kubeconfig, cluster.kubeconfig);
  const { actor, settle } = cluster;
  const stage = await setStage({ actor, kubeconfig, settle, add: (objects) => cluster.create(...objects) });
  onTestFinished(() => stage.end());
  return stage;
}

/** Looks at the election and the probes all the time. @returns what went wrong, when it ends */
function watchTheLead(stage: Stage, url: string): () => Promise<string[]> {
  const wrong = new Set<string>();
  let watching = true;
  const watched = (async () => {
    const lease = { kind: KINDS.Lease, namespace: NAMESPACE, name: "spiderplan-operator" };
    while (watching) {
      const { renewTime, leaseTransitions } = (await stage.actor.get(lease)).spec as LeaseSpec;
      if (Date.now() - Date.parse(renewTime!) > 10_000) wrong.add(`renewed last at ${renewTime}`);
      if (leaseTransitions! > 0) wrong.add("led anew");
      const asked = Date.now();
      const { ok } = await fetch(`${url}/healthz`);
      if (!ok) wrong.add("not healthy");
      if (Date.now() - asked > 3_000) wrong.add(`a probe took ${Date.now() - asked} ms`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  return async () => {
    watching = false;
    await watched;
    return [...wrong];
  };
}

afterEach(() => expect.hasAssertions());

test.each([
  ["read", "never-read.yaml", "False SourceTooLarge", /reading this plan did not end in .*tried again at 20/],
  ["planned", "never-planned.yaml", "False BuildFailed", /planning this plan did not end in .*tried again at 20/],
])(
  "a plan that is %s for ever is cut off: its PlanSync says so, the others go on, the lead is kept",
  {
    timeout: 180_000,
  },
  async (_what, file, condition, message) => {
    // Made first, it goes last: the thread writes into it until the stage ends.
    const dataDir = workspace();
    const stage = await setThreadedStage();
    const first = await stage.push({ "plan/a.yaml": pools(X(19)), "other/a.yaml": OTHER });
    const { startWork, metrics } = await threadedWork(stage.kubeconfig, dataDir, { cpu: 6_000, look: 200 });
    await stage.planSync(automated);
    await stage.planSync({ ...automated, source: { path: "other" } }, "second");
    const { probes: url } = await stage.start({ startWork, metrics });
    await applied(stage, first, 60);
    await ready(stage, "True ReconciliationSucceeded", "second", 60);
    const lead = watchTheLead(stage, url);
    await stage.push({ [`other/${file}`]: "" });
    expect(await ready(stage, condition, "second", 90)).toMatch(message);
    // What was in force stays, and the others follow their commits.
    expect(await stage.pool("o")).toEqual(["10.7.0.10"]);
    const next = await stage.push({ "plan/a.yaml": pools(X(29)) });
    await applied(stage, next, 60);
    expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.29"]);
    expect(await lead()).toEqual([]);
    const counted = /^spiderplan_work_restarts_total\{reason="deadline"\} (\d+)/m.exec(await metrics.text())?.[1];
    expect(counted).toBe("1");
    // Another commit is another plan.
    await stage.push({ [`other/${file}`]: null });
    await ready(stage, "True ReconciliationSucceeded", "second", 60);
  },
);

test("it ends when it is told to, whatever is being planned, and hands over", { timeout: 120_000 }, async () => {
  // Made first, it goes last: the thread writes into it until the stage ends.
  const dataDir = workspace();
  const stage = await setThreadedStage();
  await stage.push({ "plan/a.yaml": pools(X(19)), "plan/never-planned.yaml": "" });
  const { startWork, metrics } = await threadedWork(stage.kubeconfig, dataDir, { grace: 2_000 });
  await stage.planSync(automated);
  const operator = await stage.start({ startWork, metrics });
  const holder = async () => {
    const lease = { kind: KINDS.Lease, namespace: NAMESPACE, name: "spiderplan-operator" };
    const { spec } = (await stage.actor.get(lease).catch(() => ({}))) as { spec?: { holderIdentity?: string | null } };
    return spec?.holderIdentity ?? "";
  };
  await eventually(holder, (name) => name !== "");
  await new Promise((resolve) => setTimeout(resolve, 8_000));
  const asked = Date.now();
  await operator.stop();
  expect(Date.now() - asked).toBeLessThan(10_000);
  expect(await holder()).toBe("");
});

test.each(LEAD_STORIES)("%s", { timeout: 180_000 }, async (_name, story) => story(await setThreadedStage()));
