import { expect } from "vitest";
import { connect } from "../../../src/adapters/kubernetes/connect.js";
import { countedCluster, skippingClock } from "../skipping-clock.js";
import { disable, type FaultyStage, isDisabled, POOLS, X } from "./faulty-stage.js";
import { eventually } from "./stage.js";
import { applied, automated, IN_SYNC, kubectl, ready } from "./steps.js";
import type { Story } from "./story.js";

/** A repository that cannot be read. */
export const GIT_FAULTS: readonly Story<FaultyStage>[] = [
  ["Git is down for an hour: last good in force, told after 15 minutes, nothing pruned", outlastsGit],
  [
    "a restart while Git is down and HEAD is broken: nothing is lost, drift is healed as soon as Git is back",
    restartsBlind,
  ],
];

const down: Parameters<FaultyStage["git"]["intercept"]>[0] = (_request, response) => {
  response.writeHead(503).end("down for maintenance\n");
  return true;
};

const MINUTE = 60_000;

async function outlastsGit(stage: FaultyStage): Promise<void> {
  const commit = stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  await stage.planSync({ ...automated, source: { interval: "60s" } });
  const { cluster, busy } = countedCluster(await connect({ kubeconfig: stage.kubeconfig, env: {} }));
  const clock = skippingClock(busy);
  await stage.start({ clock, cluster });
  await applied(stage, commit);
  stage.git.intercept(down);

  await clock.skip(13 * MINUTE);
  expect(await stage.condition("SourceReady"), "an outage is nobody's business at first").toBe(IN_SYNC);
  expect(await stage.condition("Ready")).toBe(IN_SYNC);
  await clock.skip(9 * MINUTE);
  await ready(stage, "False SourceStale");
  expect(await stage.condition("SourceReady")).toBe("False SourceStale");
  await kubectl(stage, "delete", "spiderippool", "x", "--wait=false");
  await eventually(stage.events, (told) => told.includes("DriftCorrected: SpiderIPPool x was deleted; made again"));
  await clock.skip(38 * MINUTE);
  expect(await stage.condition("Ready")).toBe("False SourceStale");
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
  expect((await stage.status()).lastAppliedRevision).toBe(commit);
  expect((await stage.events()).filter((one) => /, [1-9]\d* deleted/.test(one))).toEqual([]);
  expect(stage.logs().filter((line) => line.includes("leads no more"))).toEqual([]);
  stage.git.intercept(undefined);
  await clock.skip(6 * MINUTE);
  await ready(stage, IN_SYNC);
  expect(await stage.condition("SourceReady")).toMatch(/^True /);
}

async function restartsBlind(stage: FaultyStage): Promise<void> {
  const good = stage.repository.commit({ "plan/a.yaml": POOLS(X(19)) });
  await stage.planSync(automated);
  const first = await stage.start();
  await applied(stage, good);
  const bad = await stage.push({ "plan/a.yaml": POOLS("  x: {subnet: nowhere, addresses: [10.6.0.10]}") });
  await ready(stage, "False BuildFailed");
  await first.stop();
  stage.git.intercept(down);
  await disable(stage);
  await stage.start();
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect((await stage.status()).lastAppliedRevision).toBe(good);
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
  stage.git.intercept(undefined);
  await stage.annotate({ "spiderplan.io/requestedAt": "now" });
  await eventually(
    () => isDisabled(stage),
    (now) => !now,
    60,
  );
  await ready(stage, "False BuildFailed");
  expect(await stage.status()).toMatchObject({ lastAttemptedRevision: bad, lastAppliedRevision: good });
}
