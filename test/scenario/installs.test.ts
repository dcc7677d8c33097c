import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { adoptHandMade, type Reachable, twoInstalls } from "../support/install-cases.js";
import { playCluster } from "../support/played-cluster.js";
import { workspace } from "../support/workspace.js";

async function embedded(): Promise<Reachable> {
  const cluster = await playCluster();
  onTestFinished(() => cluster.stop());
  const kubeconfig = join(workspace(), "kubeconfig");
  writeFileSync(kubeconfig, cluster.kubeconfig);
  return { actor: cluster.actor, kubeconfig };
}

function hasKubectl(): boolean {
  try {
    execFileSync("kubectl", ["version", "--client"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test("two installs on one cluster never touch each other's objects", async () => {
  await twoInstalls(await embedded());
});

test.skipIf(!hasKubectl())(
  "300 pools made by kubectl apply are adopted unchanged (skipped without kubectl)",
  async () => {
    await adoptHandMade(await embedded(), 300);
    expect.hasAssertions();
  },
  120_000,
);
