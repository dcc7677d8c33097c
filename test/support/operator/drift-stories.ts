import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { KINDS, type SpiderEndpoint, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { planText } from "./plan-text.js";
import { pools, SUBNETS, X } from "./small-plan.js";
import { eventually, type Stage } from "./stage.js";
import { applied, automated, IN_SYNC, kubectl } from "./steps.js";
import type { Story } from "./story.js";
import { deploymentOf } from "./workload.js";

/** Puts back what somebody else changed. */
export const DRIFT_STORIES: readonly Story[] = [
  ["drift is undone within seconds, and its writer named", healsDrift],
  ["with selfHeal off drift is told, and undone when somebody asks", healsWhenAsked],
  ["marks taken off a pool in use are told and put back, and nothing else changes (lock: git)", healsMarks("git")],
  [
    "marks taken off a pool in use are told and put back, and nothing else changes (lock: cluster)",
    healsMarks("cluster"),
  ],
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

function healsMarks(lock: "git" | "cluster"): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const name = "default.deployment.web.eth0.app";
    const spec = `${SUBNETS}networks: {kube-system/net: {macvlan: {master: [eth1]}}}
workloads:
  default/Deployment/web:${lock === "git" ? " {replicas: 2," : " {"} interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [app], elastic: 0}}}}
`;
    const files = { "plan/spiderplan.lock/default/app.yaml": LOCK };
    const commit = await stage.push({ "plan/a.yaml": planText(spec), ...(lock === "git" && files) });
    await stage.add([
      { apiVersion: "v1", kind: "Node", metadata: { name: "node-a" } },
      deploymentOf("web", 2, {
        "v1.multus-cni.io/default-network": "kube-system/net",
        "ipam.spidernet.io/ippools": JSON.stringify([
          { interface: "eth0", ipv4: ["spiderplan-none-v4", "default.deployment.web.eth0.*"] },
        ]),
      }),
    ]);
    await stage.planSync({ ...automated, lock });
    await stage.start();
    await applied(stage, commit);
    await stage.settle();
    const inUse = async () =>
      (await stage.actor.list(KINDS.SpiderEndpoint, { namespace: "default" })).items
        .map((one) => (one as SpiderEndpoint).status?.current?.ips[0]?.ipv4)
        .sort();
    const before = await eventually(inUse, (now) => now.length === 2 && now.every((address) => address !== undefined));
    const offered = await stage.pool(name);
    const marks = async () => {
      const { annotations = {} } = (await stage.actor.get({ kind: KINDS.SpiderIPPool, name })).metadata;
      return [annotations["spiderplan.io/tracking-id"], annotations["spiderplan.io/owner"]];
    };
    const kept = await marks();
    for (const taken of [
      ["spiderplan.io/tracking-id-"],
      ["spiderplan.io/owner-"],
      ["spiderplan.io/tracking-id-", "spiderplan.io/owner-"],
    ]) {
      await kubectl(stage, "annotate", "spiderippool", name, ...taken);
      await eventually(marks, (now) => isDeepStrictEqual(now, kept));
    }
    // Whoever only takes something away leaves no entry in an object's managedFields.
    await eventually(stage.events, (told) =>
      told.some((one) => one.startsWith(`DriftCorrected: SpiderIPPool ${name} was changed by `)),
    );
    expect((await stage.events()).filter((one) => /^(Fighting|Blocked)/.test(one))).toEqual([]);
    expect(await stage.pool(name)).toEqual(offered);
    expect(await inUse()).toEqual(before);
    expect((await stage.actor.list(KINDS.SpiderReservedIP)).items).toEqual([]);
    expect(await stage.condition("IPStable")).toMatch(/^True/);
  };
}

const LOCK = `apiVersion: spiderplan.io/v1alpha1
kind: AddressLock
held:
  10.6.0.40-10.6.0.41: default/Deployment/web/eth0
`;

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
