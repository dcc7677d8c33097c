import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { ACCESS_KINDS, kubeconfigOf, RBAC } from "../support/access.js";
import { cli, PROJECT } from "../support/cli.js";
import { clusterObjects, type Example, examples } from "../support/examples.js";
import { skipReason } from "../support/real-apiserver.js";
import { type RealPlayedCluster, sharedRealPlayedCluster } from "../support/real-played-cluster.js";

const reason = skipReason();

describe.skipIf(reason !== undefined)(`deploy/rbac${reason ? ` (skipped: ${reason})` : ""}`, () => {
  let cluster: RealPlayedCluster;
  const example = examples().find(({ name }) => name === "default-pools") as Example;

  beforeAll(async () => {
    cluster = await sharedRealPlayedCluster();
    const roles = clusterObjects([`${PROJECT}/deploy/rbac/roles.yaml`]);
    // Somebody who may not look at nodes.
    const read = roles.find(({ metadata }) => metadata.name === "spiderplan-read")!;
    roles.push(JSON.parse(JSON.stringify(read).replace('"nodes",', "").replace("spiderplan-read", "less-read")));
    for (const role of roles) await cluster.actor.create(role, ACCESS_KINDS[role.kind]!);
    await cluster.add(clusterObjects(example.snapshots.slice(0, 1)));
  });
  afterAll(() => cluster?.stop());

  /** A kubeconfig of a user with the given roles. */
  async function user(name: string, roles: readonly string[], lease = false): Promise<string> {
    const subjects = [{ kind: "User", name, apiGroup: RBAC }];
    const bind = (kind: string, roleKind: string, role: string, namespace?: string) =>
      cluster.actor.create(
        {
          apiVersion: `${RBAC}/v1`,
          kind,
          metadata: { name: `${name}-${role}`, namespace },
          subjects,
          roleRef: { apiGroup: RBAC, kind: roleKind, name: role },
        } as KubeObject,
        ACCESS_KINDS[kind]!,
      );
    for (const role of roles) await bind("ClusterRoleBinding", "ClusterRole", role);
    if (lease) await bind("RoleBinding", "Role", "spiderplan-lease", "kube-system");
    return kubeconfigOf(cluster, name);
  }

  const onCluster = (command: string, kubeconfig: string, ...rest: string[]) =>
    cli([command, "--path", example.plan, "--kubeconfig", kubeconfig, ...rest]);

  test("spiderplan-read is enough to plan, without a warning, and not to sync", async () => {
    const reader = await user("reader", ["spiderplan-read"]);
    const plan = await onCluster("plan", reader, "-o", "json");
    expect(plan.code, plan.stdout + plan.stderr).toBe(0);
    const { steps, diagnostics } = JSON.parse(plan.stdout);
    expect(steps.length).toBeGreaterThan(0);
    expect(diagnostics.filter(({ code }: { code: string }) => code === "SP2701")).toEqual([]);
    const sync = await onCluster("sync", reader);
    expect(sync.code).toBe(1);
    expect(sync.stdout + sync.stderr).toContain("forbidden");
  });

  test("less than that is a warning that says what is missing", async () => {
    const less = await user("less", ["less-read"]);
    const plan = await onCluster("plan", less, "-o", "json");
    expect(plan.code, plan.stdout + plan.stderr).toBe(0);
    const found = JSON.parse(plan.stdout).diagnostics.filter(({ code }: { code: string }) => code === "SP2701");
    expect(found).toHaveLength(1);
    expect(found[0].message).toContain("not allowed to list nodes");
  });

  test("nothing at all is an error that names the kind", async () => {
    const plan = await onCluster("plan", await user("nobody", []));
    expect(plan.code).toBe(1);
    expect(plan.stderr).toMatch(/cannot list resource "spider\w+"/);
  });

  test("read, write and lease are enough to sync, without a workload annotated", async () => {
    const writer = await user("writer", ["spiderplan-read", "spiderplan-write"], true);
    const sync = await onCluster("sync", writer);
    expect(sync.code, sync.stdout + sync.stderr).toBe(0);
    const next = await onCluster("plan", writer, "--detailed-exitcode");
    expect(next.code, next.stdout + next.stderr).toBe(0);
  });
});
