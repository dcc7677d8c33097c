import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { KINDS, type KubeObject, type SpiderEndpoint } from "../../../src/core/spiderpool/objects.js";
import { cli } from "../cli.js";
import { workspace } from "../workspace.js";
import { planText } from "./plan-text.js";
import { SUBNETS } from "./small-plan.js";
import { eventually, type Stage } from "./stage.js";
import { applied, automated, IN_SYNC, ready } from "./steps.js";
import type { Story } from "./story.js";

type Kind = "Deployment" | "StatefulSet";
type Lock = "git" | "cluster";

/** A workload gets another name, as people do it: first in the plan, then the workload itself. */
export const RENAME_STORIES: readonly Story[] = (["Deployment", "StatefulSet"] as const).flatMap((kind) =>
  (["git", "cluster"] as const).map(
    (lock): Story => [
      `a renamed ${kind} keeps its addresses by what \`annotations\` prints (lock: ${lock})`,
      renames(kind, lock),
    ],
  ),
);

const LOCK_FILE = "plan/spiderplan.lock/default/app.yaml";

function renames(kind: Kind, lock: Lock): (stage: Stage) => Promise<void> {
  return async (stage) => {
    const spec = (name: string, more = "") =>
      planText(`${SUBNETS}networks: {kube-system/net: {macvlan: {master: [eth1]}}}
workloads:
  default/${kind}/${name}:
    pods: {labels: {app: shop}}
    interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [app], elastic: 0}}}
${lock === "git" ? "    replicas: 2\n" : ""}${more}`);
    const folder = workspace({ "plan/a.yaml": spec("web") });
    /** Commits a plan, with the lock that `spiderplan lock` writes for it. */
    const committed = async (plan: string) => {
      writeFileSync(join(folder, "plan/a.yaml"), plan);
      if (lock === "cluster") return applied(stage, await stage.push({ "plan/a.yaml": plan }));
      const made = await cli(["lock", "--path", "plan"], { cwd: folder });
      expect(made, made.stdout + made.stderr).toMatchObject({ code: 0 });
      const files = { "plan/a.yaml": plan, [LOCK_FILE]: readFileSync(join(folder, LOCK_FILE), "utf8") };
      return applied(stage, await stage.push(files));
    };
    /** What people put into the template, with the cluster that their environment names. */
    const printed = async (name: string): Promise<Record<string, string>> => {
      const argv = ["annotations", `default/${kind}/${name}`, "--path", "plan", "--install", "net/dc", "-o", "json"];
      const result = await cli(argv, { cwd: folder, env: { KUBECONFIG: stage.kubeconfig } });
      expect(result, result.stderr).toMatchObject({ code: 0 });
      return JSON.parse(result.stdout).spec.template.metadata.annotations;
    };
    await stage.add([{ apiVersion: "v1", kind: "Node", metadata: { name: "node-a" } }]);
    await stage.planSync({ ...automated, lock });
    const operator = await stage.start();
    const live = { kind: KINDS[kind], namespace: "default", name: "web" };
    await stage.add([workloadOf(kind, "web", await printed("web"))]);
    await committed(spec("web"));
    const before = await addresses(stage, "web");

    await committed(spec("site", `moved: [{from: default/${kind}/web, to: default/${kind}/site}]\n`));
    expect(await addresses(stage, "web"), "nobody moves by the commit").toEqual(before);
    expect(await stage.condition("IPStable")).toMatch(/^True/);
    const annotations = await printed("site");
    expect(annotations["ipam.spidernet.io/ippools"]).toContain(`default.${kind.toLowerCase()}.web.eth0.*`);

    await stage.actor.delete(live, {});
    await eventually(
      async () => (await stage.actor.list(KINDS.Pod, { namespace: "default" })).items.length,
      (count) => count === 0,
      60,
    );
    await stage.add([workloadOf(kind, "site", annotations)]);
    expect(await addresses(stage, "site")).toEqual(before);
    const told = await ready(stage, IN_SYNC, undefined, 60);
    expect(told).not.toContain("SP2604");
    const events = await stage.events();
    expect(events.filter((one) => /^(BuildFailed|SyncFailed|Blocked|Fighting|InternalError)/.test(one))).toEqual([]);
    const metrics = await (await fetch(`${operator.probes}/metrics`)).text();
    expect(metrics).not.toMatch(/^spiderplan_ip_owner_changes_total\S* [1-9]/m);
  };
}

/** The addresses of two running Pods: of ordinals each its own, else the set. */
async function addresses(stage: Stage, name: string): Promise<string[]> {
  await stage.settle();
  return eventually(
    async () => {
      const { items } = await stage.actor.list(KINDS.SpiderEndpoint, { namespace: "default" });
      return (items as readonly SpiderEndpoint[])
        .filter(({ metadata }) => metadata.name.startsWith(`${name}-`))
        .map(({ metadata, status }) => {
          const ordinal = /^\w+-\d$/.test(metadata.name) ? metadata.name.slice(-1) : "";
          return `${ordinal} ${status?.current?.ips[0]?.ipv4}`;
        })
        .sort();
    },
    (now) => now.length === 2 && now.every((one) => !one.endsWith("undefined")),
    60,
  );
}

function workloadOf(kind: Kind, name: string, annotations: Record<string, string>): KubeObject {
  const labels = { app: "shop" };
  return {
    apiVersion: KINDS[kind].apiVersion,
    kind,
    metadata: { name, namespace: "default" },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      ...(kind === "StatefulSet" && { serviceName: name, podManagementPolicy: "Parallel" }),
      template: { metadata: { labels, annotations }, spec: { containers: [{ name: "c", image: "app:1" }] } },
    },
  };
}
