import { execFileSync } from "node:child_process";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KINDS } from "../../src/core/spiderpool/objects.js";
import { PROJECT } from "../support/cli.js";
import { kubectlMissing, operatorAccess } from "../support/operator-access.js";
import { serverMinor, skipReason } from "../support/real-apiserver.js";
import { type RealPlayedCluster, startRealPlayedCluster } from "../support/real-played-cluster.js";

const reason = skipReason() ?? (kubectlMissing ? "there is no kubectl" : unserved());
const LABELS = { "pod-security.kubernetes.io/enforce": "restricted" };
const ANNOTATIONS = { "team.example/owner": "shop", "ipam.spidernet.io/default-ipv4-ippool": '["a"]' };

/** Why there are no admission policies of admissionregistration.k8s.io/v1. */
function unserved(): string | undefined {
  return serverMinor() < 30 ? `Kubernetes 1.${serverMinor()} does not serve them` : undefined;
}

describe.skipIf(reason !== undefined)(
  `deploy/admission on a real kube-apiserver${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    let cluster: RealPlayedCluster;
    let operator: string;

    function kubectl(kubeconfig: string, ...argv: string[]): string {
      const env = { ...process.env, KUBECONFIG: kubeconfig };
      return execFileSync("kubectl", argv, { encoding: "utf8", env, stdio: ["ignore", "pipe", "pipe"] });
    }

    /** What the API server says to a merge patch of Namespace shop; the Namespace stays as it is. */
    function patched(patch: object, kubeconfig = operator): string {
      const text = JSON.stringify(patch);
      try {
        return kubectl(kubeconfig, "patch", "namespace", "shop", "--type=merge", "--dry-run=server", "-p", text);
      } catch (error) {
        return (error as { stderr: string }).stderr;
      }
    }

    beforeAll(async () => {
      cluster = await startRealPlayedCluster();
      operator = await operatorAccess(cluster, "sync");
      const metadata = { name: "shop", labels: LABELS, annotations: ANNOTATIONS };
      await cluster.actor.create({ apiVersion: "v1", kind: "Namespace", metadata }, KINDS.Namespace);
      expect(patched({ metadata: { labels: { before: "policy" } } })).toContain("patched");
      kubectl(cluster.kubeconfig, "apply", "-k", path.join(PROJECT, "deploy", "admission"));
      // A policy counts a moment after it was written.
      for (let left = 100; left > 0 && !patched({ metadata: { labels: { is: "there" } } }).includes("denied"); left--) {
        await sleep(200);
      }
    });
    afterAll(() => cluster?.stop());

    const may: readonly (readonly [what: string, patch: object])[] = [
      ["set a default pool", { metadata: { annotations: { "ipam.spidernet.io/default-ipv6-ippool": '["b"]' } } }],
      ["change a default pool", { metadata: { annotations: { "ipam.spidernet.io/default-ipv4-ippool": '["b"]' } } }],
      ["take a default pool away", { metadata: { annotations: { "ipam.spidernet.io/default-ipv4-ippool": null } } }],
      ["set its own mark", { metadata: { annotations: { "spiderplan.io/applied": "{}" } } }],
      ["set what is set", { metadata: { labels: LABELS, annotations: ANNOTATIONS } }],
    ];
    const never: readonly (readonly [what: string, patch: object])[] = [
      ["set a label", { metadata: { labels: { "pod-security.kubernetes.io/enforce": "privileged" } } }],
      ["take a label away", { metadata: { labels: { "pod-security.kubernetes.io/enforce": null } } }],
      [
        "set another annotation",
        { metadata: { annotations: { "scheduler.alpha.kubernetes.io/node-selector": "a=b" } } },
      ],
      ["change another annotation", { metadata: { annotations: { "team.example/owner": "pay" } } }],
      ["take another annotation away", { metadata: { annotations: { "team.example/owner": null } } }],
      ["take all annotations away", { metadata: { annotations: null } }],
      ["set one whose name only begins like ours", { metadata: { annotations: { "spiderplan.iox/a": "b" } } }],
      ["set another of Spiderpool's", { metadata: { annotations: { "ipam.spidernet.io/ippool": "{}" } } }],
      ["set a finalizer", { metadata: { finalizers: ["example.com/stuck"] } }],
      [
        "set one of ours and a label at once",
        { metadata: { annotations: { "spiderplan.io/a": "b" }, labels: { a: "b" } } },
      ],
    ];

    test.for(may)("the operator may %s", ([, patch]) => {
      expect(patched(patch)).toContain("patched");
    });
    test.for(never)("the operator may not %s", ([, patch]) => {
      expect(patched(patch)).toMatch(/denied request: spiderplan may/);
    });
    test("nobody else is kept from anything", () => {
      expect(patched({ metadata: { labels: { a: "b" } } }, cluster.kubeconfig)).toContain("patched");
    });
  },
);
