import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { cli } from "../support/cli.js";
import { applied, decideOn } from "../support/decide.js";
import { namespaceWith, node } from "../support/running.js";
import { workspace } from "../support/workspace.js";

const BARE: KubeObject[] = [node("node-a"), namespaceWith("shop")];
const SUBNET = "subnets:\n  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}\n";

const live = (kind: string, name: string, spec: object, apiVersion = "apps/v1", namespace = "shop"): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [] } },
    ...spec,
  } as KubeObject["spec"],
});

const codesOf = async (plan: string, objects: readonly KubeObject[], code: string) =>
  (await decideOn(SUBNET + plan, [...BARE, ...objects])).diagnostics.filter((one) => one.code === code);

const web = (perPod: string, more = "replicas: 3") =>
  `workloads:\n  shop/StatefulSet/web: {${more}, pods: {labels: {app: web}}, interfaces: {eth0: {fixed: {subnets: [app], perPod: ${perPod}}}}}\n`;

test.each<[string, string, KubeObject[], string | undefined]>([
  ["the last there is", web("{2: 10.6.0.40}"), [live("StatefulSet", "web", { replicas: 3 })], undefined],
  [
    "the first there is not",
    web("{3: 10.6.0.40}"),
    [live("StatefulSet", "web", { replicas: 3 })],
    "has no ordinal 3: with 3 replicas its ordinals are 0 to 2",
  ],
  ["of a set not yet there", web("{7: 10.6.0.40, 9: 10.6.0.41}"), [], "has no ordinal 7 (and 1 more)"],
  ["addresses ahead of the replicas", web("{4: 10.6.0.40}").replace("perPod", "elastic: 2, perPod"), [], undefined],
  ["more in one subnet", web("{4: 10.6.0.40}").replace("perPod", "perSubnet: {app: 5}, perPod"), [], undefined],
  [
    "a set that begins with 5",
    web("{5: 10.6.0.40, 7: 10.6.0.41}"),
    [live("StatefulSet", "web", { replicas: 3, ordinals: { start: 5 } })],
    undefined,
  ],
  [
    "before the first one",
    web("{4: 10.6.0.40}"),
    [live("StatefulSet", "web", { replicas: 3, ordinals: { start: 5 } })],
    "has no ordinal 4: with 3 replicas its ordinals are 5 to 7",
  ],
  ["no replicas for a while", web("{0: 10.6.0.40}", "replicas: 0"), [], undefined],
  [
    "replicas that follow the live set",
    web("{5: 10.6.0.40}", "meta: {a: b}"),
    [live("StatefulSet", "web", { replicas: 3 })],
    undefined,
  ],
])("an ordinal's address, %s", async (_, plan, objects, says) => {
  const found = await codesOf(plan, objects, "SP2052");
  expect(found.map(({ severity, message }) => `${severity}: ${message}`)).toEqual(
    says === undefined ? [] : [expect.stringContaining(`error: perPod: shop/StatefulSet/web ${says}`)],
  );
});

test.each<[string, number, string]>([
  ["{2: 10.6.0.40}", 0, ""],
  ["{5: 10.6.0.40, 7: 10.6.0.41}", 0, "warning SP2052"],
  ["{0: 10.6.0.40, 3: 10.6.0.41}", 1, "error SP2052"],
])("validate knows no `ordinals.start`: perPod %s is %i %s", async (perPod, code, says) => {
  const cwd = workspace();
  const text = `${SUBNET}${web(perPod)}`.replace(/^/gm, "  ");
  writeFileSync(join(cwd, "plan.yaml"), `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n${text}`);
  const result = await cli(["validate", "--path", "."], { cwd });
  expect(result.code).toBe(code);
  expect(result.stdout).toContain(says);
});

const scaler = (name: string, maxReplicas: number, kind = "Deployment"): KubeObject => ({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name, namespace: "shop" },
  spec: { scaleTargetRef: { apiVersion: "apps/v1", kind, name }, maxReplicas } as KubeObject["spec"],
});
const api = (more: string, ask = "fixed: {subnets: [app]}") =>
  `workloads:\n  shop/Deployment/api: {${more}, pods: {labels: {app: api}}, interfaces: {eth0: {${ask}}}}\n`;

test.each<[string, string, KubeObject[], string[]]>([
  [
    "above the plan's replicas",
    api("replicas: 3"),
    [scaler("api", 10)],
    ["may make 10 Pods of it, the plan has addresses for 3 replicas"],
  ],
  ["at the plan's replicas", api("replicas: 10"), [scaler("api", 10)], []],
  ["below maxReplicas", api("replicas: 3, maxReplicas: 12"), [scaler("api", 10)], []],
  ["of another kind of that name", api("replicas: 3"), [scaler("api", 10, "StatefulSet")], []],
  [
    "in a subnet that is larger than the replicas",
    api("replicas: 3", "fixed: {subnets: [app], perSubnet: {app: 12}}"),
    [scaler("api", 10)],
    [],
  ],
  ["of a workload that is not fixed", api("replicas: 3", "defaultPools: true"), [scaler("api", 10)], []],
  ["of one whose replicas the plan leaves to the cluster", api("annotate: false"), [scaler("api", 10)], []],
])("an autoscaler's maximum %s", async (_, plan, objects, says) => {
  const found = await codesOf(plan, [live("Deployment", "api", { replicas: 2 }), ...objects], "SP4228");
  expect(found.map(({ severity, message }) => [severity, message])).toEqual(
    says.map((text) => ["warning", expect.stringContaining(text)]),
  );
});

const named = (key: string, more = "") =>
  `workloads:\n  ${key}: {replicas: 2, pods: {labels: {app: x}}, interfaces: {eth0: {fixed: {subnets: [app]}}}}\n${more}`;
const front = live("Deployment", "front", { replicas: 2 });

test.each<[string, string, KubeObject[], string | undefined]>([
  ["a slip in the name", named("shop/Deployment/frnt"), [front], "shop/Deployment/front"],
  ["a slip in the namespace", named("shopp/Deployment/front"), [front], "shop/Deployment/front"],
  ["another number", named("shop/Deployment/front-2"), [live("Deployment", "front-1", { replicas: 2 })], undefined],
  ["a short name", named("shop/Deployment/app"), [live("Deployment", "api", { replicas: 2 })], undefined],
  ["another name", named("shop/Deployment/orders"), [front], undefined],
  ["two slips in two parts", named("shopp/Deployment/frnt"), [front], undefined],
  ["one that runs nothing", named("shop/Deployment/frnt"), [live("Deployment", "front", { replicas: 0 })], undefined],
  [
    "one that is there as well",
    named("shop/Deployment/frnt"),
    [front, live("Deployment", "frnt", { replicas: 1 })],
    undefined,
  ],
  [
    "a renaming that is written down",
    named("shop/Deployment/frnt", "moved: [{from: shop/Deployment/front, to: shop/Deployment/frnt}]\n"),
    [front],
    undefined,
  ],
  [
    "one that the plan has as well",
    `${named("shop/Deployment/frnt")}  shop/Deployment/front: {replicas: 2, interfaces: {eth0: {fixed: {subnets: [app]}}}}\n`,
    [front],
    undefined,
  ],
])("a workload that is not there, %s", async (_, plan, objects, meant) => {
  const found = await codesOf(plan, objects, "SP2606");
  expect(found.map(({ severity, hint }) => [severity, hint])).toEqual(
    meant === undefined ? [] : [["warning", expect.stringContaining(`did you mean ${meant}? If it is to be renamed`)]],
  );
});

test("a NIC that the plan takes out of its workload is none that one more Pod would miss (SP4218)", async () => {
  const nics = (...names: string[]) => {
    const fixed = names.map((nic) => `${nic}: {network: kube-system/net, fixed: {subnets: [app]}}`);
    return `${SUBNET}workloads:\n  shop/Deployment/web: {replicas: 1, annotate: true, pods: {labels: {app: web}}, interfaces: {${fixed.join(", ")}}}\n`;
  };
  const objects = [...BARE, live("Deployment", "web", { replicas: 0 })];
  const both = applied(await decideOn(nics("eth0", "net1"), objects), objects);
  const { steps, diagnostics } = await decideOn(nics("eth0"), both);
  expect(steps.map(({ action, name, blocked }) => [action, name, blocked])).toEqual([
    ["update", "web", undefined],
    ["delete", "shop.deployment.web.net1.app", undefined],
  ]);
  expect(diagnostics.filter(({ code }) => code === "SP4218")).toEqual([]);
});
