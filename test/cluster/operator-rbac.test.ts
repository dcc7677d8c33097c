import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import type { KubeCluster } from "../../src/adapters/kubernetes/kube-cluster.js";
import { KINDS, type Kind } from "../../src/core/spiderpool/objects.js";
import { cli } from "../support/cli.js";
import { clusterObjects, type Example, examples } from "../support/examples.js";
import { kubectlMissing, kustomized, OPERATOR, operatorAccess } from "../support/operator-access.js";
import { skipReason } from "../support/real-apiserver.js";
import { type RealPlayedCluster, sharedRealPlayedCluster } from "../support/real-played-cluster.js";

const reason = skipReason() ?? (kubectlMissing ? "there is no kubectl" : undefined);
const REVIEW: Kind = {
  apiVersion: "authorization.k8s.io/v1",
  kind: "SelfSubjectAccessReview",
  plural: "selfsubjectaccessreviews",
  namespaced: false,
};

const HOME = OPERATOR.namespace;
const SPIDERPOOL = "spiderpool.spidernet.io";
type Level = "observe" | "sync";
const BOTH: readonly Level[] = ["observe", "sync"];
const SYNC: readonly Level[] = ["sync"];
const NONE: readonly Level[] = [];

/** `verbs` on `resource[.group][/subresource][ name]` in a namespace ("" = cluster-wide), and who may. */
const TABLE: readonly (readonly [verbs: string, what: string, namespace: string, may: readonly Level[]])[] = [
  // What there is.
  ...["spidersubnets", "spiderippools", "spiderreservedips", "spiderendpoints", "spidermultusconfigs"].map(
    (plural) => ["get list watch", `${plural}.${SPIDERPOOL}`, "", BOTH] as const,
  ),
  ["get list watch", "network-attachment-definitions.k8s.cni.cncf.io", "", BOTH],
  ["get list watch", "pods", "", BOTH],
  ["get list watch", "nodes", "", BOTH],
  ["get list watch", "namespaces", "", BOTH],
  ["get list watch", "statefulsets.apps", "", BOTH],
  ["get list watch", "replicasets.apps", "", BOTH],
  ["get list watch", "cronjobs.batch", "", BOTH],
  ["get list watch", "horizontalpodautoscalers.autoscaling", "", BOTH],
  ["get list watch", "clonesets.apps.kruise.io", "", BOTH],
  ["get list watch", "virtualmachines.kubevirt.io", "", BOTH],
  ["get list watch", "virtualmachineinstances.kubevirt.io", "", BOTH],
  ["get", "configmaps spiderpool-conf", "kube-system", BOTH],
  // PlanSyncs and what is told of them.
  ["get list watch patch", "plansyncs.spiderplan.io", "", BOTH],
  ["patch update", "plansyncs.spiderplan.io/status", "", BOTH],
  ["create delete update", "plansyncs.spiderplan.io", "", NONE],
  ["create patch", "events", "shop", BOTH],
  ["list delete", "events", "shop", NONE],
  // Spiderpool's objects.
  ...["spidersubnets", "spiderippools", "spiderreservedips", "spidermultusconfigs"].flatMap((plural) => [
    ["create patch delete", `${plural}.${SPIDERPOOL}`, "", SYNC] as const,
    ["update deletecollection", `${plural}.${SPIDERPOOL}`, "", NONE] as const,
  ]),
  ["create patch update delete", `spiderendpoints.${SPIDERPOOL}`, "", NONE],
  ["get list patch", `spidercoordinators.${SPIDERPOOL}`, "", NONE],
  ["patch", `spiderippools.${SPIDERPOOL}/status`, "", NONE],
  ["patch", "namespaces", "", SYNC],
  ["create delete update", "namespaces", "", NONE],
  // Leases.
  ["create", "leases.coordination.k8s.io", HOME, BOTH],
  ["get patch update", "leases.coordination.k8s.io spiderplan-operator", HOME, BOTH],
  ["get patch", "leases.coordination.k8s.io another", HOME, NONE],
  ["create", "leases.coordination.k8s.io", "kube-system", SYNC],
  ["get patch", "leases.coordination.k8s.io spiderplan-writer", "kube-system", SYNC],
  ["get patch update", "leases.coordination.k8s.io kube-scheduler", "kube-system", NONE],
  ["delete", "leases.coordination.k8s.io spiderplan-writer", "kube-system", NONE],
  // Secrets and locks, where PlanSyncs live.
  ["get", "secrets", HOME, BOTH],
  ["get", "secrets", "plans", BOTH],
  ["list watch create patch update delete", "secrets", HOME, NONE],
  ["get", "secrets", "shop", NONE],
  ["get", "secrets", "kube-system", NONE],
  ["create get list watch patch update delete", "configmaps", HOME, SYNC],
  ["create get list watch patch update delete", "configmaps", "plans", SYNC],
  ["get list create patch", "configmaps", "shop", NONE],
  ["list patch", "configmaps", "kube-system", NONE],
  ["get", "configmaps coredns", "kube-system", NONE],
  // Templates of workloads, one namespace of two.
  ["patch", "deployments.apps", "shop", SYNC],
  ["patch", "statefulsets.apps", "shop", SYNC],
  ["patch", "cronjobs.batch", "shop", SYNC],
  ["patch", "clonesets.apps.kruise.io", "shop", SYNC],
  ["patch", "deployments.apps", "pay", NONE],
  ["patch", "deployments.apps", "", NONE],
  ["patch update", "deployments.apps/scale", "shop", NONE],
  ["create delete update", "deployments.apps", "shop", NONE],
  ["patch", "replicasets.apps", "shop", NONE],
  // Ways to more.
  ["create patch delete", "pods", "shop", NONE],
  ["create", "pods/exec", "shop", NONE],
  ["create", "pods/eviction", "shop", NONE],
  ["patch", "nodes", "", NONE],
  ["get", "nodes/proxy", "", NONE],
  ["create", "serviceaccounts/token", HOME, NONE],
  ["impersonate", "users", "", NONE],
  ["get create bind escalate", "clusterroles.rbac.authorization.k8s.io", "", NONE],
  ["create patch", "rolebindings.rbac.authorization.k8s.io", HOME, NONE],
  ["get patch", "customresourcedefinitions.apiextensions.k8s.io", "", NONE],
  ["patch", "validatingwebhookconfigurations.admissionregistration.k8s.io", "", NONE],
];

function attributes(what: string) {
  const [path, name] = what.split(" ");
  const [whole, subresource] = path!.split("/");
  const dot = whole!.indexOf(".");
  const [resource, group] = dot < 0 ? [whole, ""] : [whole!.slice(0, dot), whole!.slice(dot + 1)];
  return { group, resource, subresource, name };
}

describe.skipIf(reason !== undefined)(`deploy on a real kube-apiserver${reason ? ` (skipped: ${reason})` : ""}`, () => {
  let cluster: RealPlayedCluster;
  const configs = new Map<Level, string>();
  const clients = new Map<Level, KubeCluster>();
  const allowed = new Map<Level, Set<string>>();

  /** Asks every question of the table as the operator, since what deploy/sync adds cannot be taken back. */
  async function ask(level: Level): Promise<void> {
    const file = await operatorAccess(cluster, level, {
      planSyncs: ["plans"],
      annotate: level === "sync" ? ["shop"] : [],
    });
    configs.set(level, file);
    const client = await connect({ kubeconfig: file });
    clients.set(level, client);
    const yes = new Set<string>();
    for (const [verbs, what, namespace] of TABLE) {
      for (const verb of verbs.split(" ")) {
        const resourceAttributes = { verb, namespace, ...attributes(what) };
        const metadata = { name: "" };
        const { apiVersion, kind } = REVIEW;
        const review = await client.create({ apiVersion, kind, metadata, spec: { resourceAttributes } }, REVIEW);
        if ((review.status as { allowed: boolean }).allowed) yes.add(`${verb} ${what} in ${namespace}`);
      }
    }
    allowed.set(level, yes);
  }

  beforeAll(async () => {
    cluster = await sharedRealPlayedCluster();
    for (const name of ["plans", "shop", "pay"]) {
      await cluster.add([{ apiVersion: "v1", kind: "Namespace", metadata: { name } }]);
    }
    await ask("observe");
  });
  afterAll(async () => {
    for (const client of clients.values()) await client.close();
    await cluster?.stop();
  });

  const onCluster = (command: string, level: Level, example: Example, ...rest: string[]) =>
    cli([command, "--path", example.plan, "--kubeconfig", configs.get(level)!, ...rest]);
  const named = (name: string) => examples().find((example) => example.name === name) as Example;

  test("observe: enough to plan without a warning, not to sync", async () => {
    const example = named("fixed-from-subnet");
    await cluster.add(clusterObjects(example.snapshots.slice(0, 1)));
    const plan = await onCluster("plan", "observe", example, "-o", "json");
    expect(plan.code, plan.stdout + plan.stderr).toBe(0);
    const { steps, diagnostics } = JSON.parse(plan.stdout);
    expect(steps.length).toBeGreaterThan(0);
    expect(diagnostics.filter(({ code }: { code: string }) => code === "SP2701")).toEqual([]);
    const sync = await onCluster("sync", "observe", example);
    expect(sync.code).toBe(1);
    expect(sync.stdout + sync.stderr).toContain("forbidden");
    expect((await cluster.actor.list(KINDS.SpiderIPPool)).items).toEqual([]);
  });

  test("observe: a status and an event, no PlanSync of its own", async () => {
    const planSync = {
      apiVersion: KINDS.PlanSync.apiVersion,
      kind: "PlanSync",
      metadata: { namespace: "plans", name: "prod" },
      spec: { source: { repoURL: "https://git.example/net/plans.git", ref: { branch: "main" } } },
    };
    const client = clients.get("observe")!;
    await expect(client.create(planSync, KINDS.PlanSync)).rejects.toMatchObject({ reason: "Forbidden" });
    const { metadata } = await cluster.actor.create(planSync, KINDS.PlanSync);
    const ref = { kind: KINDS.PlanSync, namespace: "plans", name: "prod" };
    expect(await client.patchStatus(ref, { status: { blocked: "no" } })).toMatchObject({ status: { blocked: "no" } });
    const { apiVersion, kind } = planSync;
    const event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { namespace: "plans", name: "prod.1" },
      involvedObject: { apiVersion, kind, namespace: "plans", name: "prod", uid: metadata.uid },
      type: "Normal",
      reason: "PlanComputed",
      message: "Nothing to do.",
    };
    await client.create(event, KINDS.Event);
  });

  test("sync: enough to sync, workloads annotated where that was allowed", async () => {
    await ask("sync");
    const example = named("fixed-from-subnet");
    const sync = await onCluster("sync", "sync", example);
    expect(sync.code, sync.stdout + sync.stderr).toBe(0);
    const next = await onCluster("plan", "sync", example, "--detailed-exitcode");
    expect(next.code, next.stdout + next.stderr).toBe(0);
  });

  test.each(TABLE)("%s %s in namespace '%s': %j", (verbs, what, namespace, may) => {
    for (const verb of verbs.split(" ")) {
      const levels = BOTH.filter((level) => allowed.get(level)!.has(`${verb} ${what} in ${namespace}`));
      expect(levels, verb).toEqual(may);
    }
  });

  test("the API server takes every object (a PodDisruptionBudget from Kubernetes 1.21 on)", () => {
    const newer = cluster.minor >= 21 ? [] : ["PodDisruptionBudget"];
    const items = kustomized("sync").filter(({ kind }) => !newer.includes(kind));
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    const argv = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=false", "-f", "-"];
    const options = { input, encoding: "utf8", env: { ...process.env, KUBECONFIG: cluster.kubeconfig } } as const;
    const lines = execFileSync("kubectl", argv, options).trim().split("\n");
    expect(lines).toHaveLength(items.length);
  });
});
