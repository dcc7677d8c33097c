import { expect, onTestFinished, test } from "vitest";
import { startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { cli } from "../support/cli.js";
import { applied, decideOn } from "../support/decide.js";
import { namespaceWith, node } from "../support/running.js";
import { workspace } from "../support/workspace.js";

const SPEC = (name: string, moved = "") => `subnets:
  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
workloads:
  shop/Deployment/${name}: {replicas: 2, pods: {labels: {app: web}}, interfaces: {eth0: {fixed: {subnets: [app]}}}}
${moved}`;
const MOVED = "moved: [{from: shop/Deployment/old, to: shop/Deployment/new}]\n";

test("annotations prints the names in force, which the cluster of the environment tells where no lock does", async () => {
  const bare: KubeObject[] = [node("node-a"), namespaceWith("shop")];
  const objects = applied(await decideOn(SPEC("old"), bare), bare);
  const cluster = await startEmbeddedCluster({ objects });
  onTestFinished(() => cluster.stop());
  const text = SPEC("new", MOVED).replace(/^/gm, "  ");
  const plan = `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n${text}`;
  const cwd = workspace({ "k.yaml": cluster.kubeconfig, "plan/a.yaml": plan });
  const argv = ["annotations", "shop/Deployment/new", "--path", "plan"];
  const inForce = await cli(argv, { cwd, env: { KUBECONFIG: `${cwd}/k.yaml` } });
  expect(inForce.stdout).toContain("shop.deployment.old.eth0.*");
  expect(inForce.stdout).not.toContain("shop.deployment.new.eth0.*");
  const blind = await cli(argv, { cwd, env: { KUBECONFIG: `${cwd}/none.yaml` } });
  expect(blind.code).toBe(0);
  expect(blind.stderr).toContain("pools of a renamed workload keep the name they had");
});
