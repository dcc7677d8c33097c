import { expect } from "vitest";
import { KINDS, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { pools, X } from "./small-plan.js";
import { eventually, type Stage } from "./stage.js";
import { applied, automated, IN_SYNC, kubectl } from "./steps.js";
import type { Story } from "./story.js";

/** Puts back what somebody else changed. */
export const DRIFT_STORIES: readonly Story[] = [
  ["drift is undone within seconds, and its writer named", healsDrift],
  ["with selfHeal off drift is told, and undone when somebody asks", healsWhenAsked],
  ["three different edits that people make within minutes are no fight", healsPeople],
  ["somebody who writes back again and again is told, and left alone for a while", detectsFights],
];

async function healsDrift(stage: Stage): Promise<void> {
  const commit = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, commit);
  await kubectl(stage, "patch", "spiderippool", "x", "--type=merge", "-p", '{"spec":{"disable":true}}');
  const disabled = async () => {
    const found = await stage.actor.get({ kind: KINDS.SpiderIPPool, name: "x" });
    return (found.spec as { disable?: boolean }).disable;
  };
  await eventually(disabled, (now) => now !== true, 10);
  await eventually(stage.events, (told) =>
    told.some((one) => one.startsWith("DriftCorrected: SpiderIPPool x was changed by kubectl")),
  );
  await kubectl(stage, "delete", "spiderippool", "x", "--wait=false");
  await eventually(stage.events, (told) => told.includes("DriftCorrected: SpiderIPPool x was deleted; made again"));
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
}

async function healsWhenAsked(stage: Stage): Promise<void> {
  const commit = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync({ sync: { mode: "automated", prune: true, selfHeal: false } });
  await stage.start();
  await applied(stage, commit);
  const grown = "10.6.0.10-10.6.0.30";
  await kubectl(stage, "patch", "spiderippool", "x", "--type=merge", "-p", `{"spec":{"ips":["${grown}"]}}`);
  await eventually(
    () => stage.condition("Drifted"),
    (now) => now === "True DriftDetected",
  );
  expect((await stage.status()).conditions?.find(({ type }) => type === "Drifted")?.message).toBe(
    "SpiderIPPool x was changed by kubectl-patch",
  );
  expect(await stage.pool("x")).toEqual([grown]);
  const asked = await stage.run("sync", "dc");
  expect(asked, asked.stderr).toMatchObject({ code: 0 });
  expect(await stage.pool("x")).toEqual(["10.6.0.10-10.6.0.19"]);
}

async function healsPeople(stage: Stage): Promise<void> {
  const commit = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, commit);
  const edits = [
    '{"spec":{"ips":["10.6.0.10-10.6.0.30"]}}',
    '{"spec":{"disable":true}}',
    '{"spec":{"ips":["10.6.0.10-10.6.0.40"]}}',
    '{"spec":{"ips":["10.6.0.10-10.6.0.50"]}}',
  ];
  const spec = async () => {
    const { ips, disable } = (await stage.actor.get({ kind: KINDS.SpiderIPPool, name: "x" }))
      .spec as SpiderIPPool["spec"];
    return `${ips?.[0]} ${disable ?? false}`;
  };
  for (const edit of edits) {
    await kubectl(stage, "patch", "spiderippool", "x", "--type=merge", "-p", edit);
    await eventually(spec, (now) => now === "10.6.0.10-10.6.0.19 false", 10);
  }
  await eventually(
    () => stage.condition("Ready"),
    (now) => now === IN_SYNC,
  );
  expect(await stage.condition("Drifted")).toBe("False ReconciliationSucceeded");
  expect((await stage.events()).filter((one) => one.startsWith("Fighting"))).toEqual([]);
}

async function detectsFights(stage: Stage): Promise<void> {
  const commit = await stage.push({ "plan/a.yaml": pools(X(19)) });
  await stage.planSync(automated);
  await stage.start();
  await applied(stage, commit);
  const ips = async () => (await stage.pool("x"))?.[0];
  for (let round = 0; round < 3; round++) {
    await kubectl(
      stage,
      "patch",
      "spiderippool",
      "x",
      "--type=merge",
      "-p",
      '{"spec":{"ips":["10.6.0.10-10.6.0.30"]}}',
    );
    await eventually(ips, (now) => now === "10.6.0.10-10.6.0.19", 10);
  }
  await kubectl(stage, "patch", "spiderippool", "x", "--type=merge", "-p", '{"spec":{"ips":["10.6.0.10-10.6.0.30"]}}');
  await eventually(
    () => stage.condition("Drifted"),
    (now) => now === "True Fighting",
  );
  expect(await ips()).toBe("10.6.0.10-10.6.0.30");
  const told = (await stage.status()).conditions?.find(({ type }) => type === "Drifted")?.message;
  expect(told).toMatch(/^kubectl-patch keeps changing SpiderIPPool x: undone 3 times/);
}
