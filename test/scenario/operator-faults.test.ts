import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import type { Intercept, Refusal } from "../../src/adapters/embedded/http-server.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import { faultyFront } from "../support/faulty-front.js";
import { flakyProxy } from "../support/flaky-proxy.js";
import { FAULT_STORIES } from "../support/operator/faults.js";
import type { Access } from "../support/operator/faulty-stage.js";
import { READINESS_STORIES } from "../support/operator/readiness-stories.js";
import { setStage } from "../support/operator/stage.js";
import { DOWN, isPlanned } from "../support/operator/write-faults.js";
import { playCluster } from "../support/played-cluster.js";

const REFUSALS: Readonly<Record<Access, Refusal | undefined>> = {
  granted: undefined,
  Unauthorized: { code: 401, reason: "Unauthorized", message: "Unauthorized" },
  Forbidden: { code: 403, reason: "Forbidden", message: 'leases is forbidden: User "operator" may do nothing' },
};

// Together, for most of a fault is waiting.
test.concurrent.for(FAULT_STORIES)("%s", { timeout: 180_000 }, async ([, story], { onTestFinished }) => {
  let fault: Intercept | undefined;
  const folder = mkdtempSync(join(tmpdir(), "spiderplan-faults-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const cluster = await playCluster({ intercept: (write) => fault?.(write) });
  onTestFinished(() => cluster.stop());
  const front = await faultyFront({ url: cluster.url });
  onTestFinished(() => front.stop());
  // Other stories pause single streams, which a second hop would hold open.
  const proxy = await flakyProxy(READINESS_STORIES.some(([, one]) => one === story) ? front.url : cluster.url);
  onTestFinished(() => proxy.stop());
  const [kubeconfig, proxied] = [join(folder, "kubeconfig"), join(folder, "proxied")];
  writeFileSync(kubeconfig, cluster.kubeconfig);
  writeFileSync(proxied, cluster.kubeconfig.replaceAll(cluster.url, proxy.url));
  const { actor, settle } = cluster;
  const add = (objects: readonly KubeObject[]) => cluster.create(...objects);
  const stage = await setStage({ actor, kubeconfig, settle, add }, { kubeconfig: proxied });
  onTestFinished(() => stage.end());
  await story({
    ...stage,
    start: (options) => stage.start({ dataDir: mkdtempSync(join(folder, "data-")), ...options }),
    proxy,
    intercept: (next) => {
      fault = next;
    },
    access: (how) => front.refuse(REFUSALS[how]),
    admission: (how) => {
      fault = how === "up" ? undefined : (write) => (isPlanned(write) ? { refuse: DOWN } : undefined);
    },
    wipe: async (kind, name) => {
      const ref = { kind: KINDS[kind], name };
      await actor.patch(ref, { metadata: { finalizers: null } });
      await actor.delete(ref, {});
    },
  });
});
