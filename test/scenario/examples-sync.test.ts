import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { systemClock } from "../../src/cli/clock.js";
import { isClusterError } from "../../src/core/cluster-error.js";
import { CHART_DEFAULTS } from "../../src/core/spiderpool/facts.js";
import { KINDS, type SpiderEndpoint } from "../../src/core/spiderpool/objects.js";
import { startAgent } from "../../src/players/agent.js";
import { startController } from "../../src/players/controller.js";
import { type Player, settleAll } from "../../src/players/player.js";
import { cli } from "../support/cli.js";
import { clusterObjects, type Example, examples } from "../support/examples.js";

/** Which pools serve the Pods of each workload once all run: what the READMEs claim. */
const SERVED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "adopt-hand-made": {
    "ops/legacy": ["testingippool"],
    "shop/api": ["shop.deployment.api.eth0.app-v4"],
    "shop/web": ["shared-a"],
  },
  "calico-macvlan-sriov": {
    "shop/gateway": ["shop.deployment.gateway.net1.app-v4", "shop.deployment.gateway.net2.storage-v4"],
  },
  "custom-routes": { "shop/api": ["shop.deployment.api.eth0.app-v4"], "shop/b2b": ["partners"] },
  "default-pools": {
    "shop/web": ["shop-default"],
    "tools/ci": ["cluster-default"],
    "tools/wiki": ["network-default"],
  },
  "dual-stack": {
    "shop/db": ["shop.statefulset.db.eth0.app-v4", "shop.statefulset.db.eth0.app-v6"],
    "shop/edge": ["shop.deployment.edge.eth0.app-v6"],
  },
  "fixed-from-subnet": {
    "shop/api": ["shop.deployment.api.eth0.app-v4"],
    "shop/workload01": ["shop.deployment.workload01.eth0.app-v4"],
  },
  "manual-fixed-pool": { "shop/workload01": ["ippool01"] },
  migration: {
    "shop/db": ["shop.statefulset.db.eth0.old-v4.0", "shop.statefulset.db.eth0.old-v4.1"],
    "shop/web": ["shop.deployment.web.eth0.old-v4"],
  },
  "namespace-affinity": { "pay/web": ["pool-pay"], "shop/web": ["pool-shop"] },
  "node-affinity": { "ops/collector": ["pool-rack1", "pool-rack2"] },
  "pinned-ordinals": {
    "shop/db": [0, 1, 2].map((ordinal) => `shop.statefulset.db.eth0.app-v4.${ordinal}`),
  },
  "reserved-ips": { "shop/jobs": ["shared-a"], "shop/web": ["shop.deployment.web.eth0.app-v4"] },
  "several-affinities": { "shop/cart": ["vip-cart"], "shop/cart-canary": ["shared-a"] },
  "shared-pool": { "shop/frontend": ["shared-a"], "shop/reindex": ["shared-a"] },
  slices: {
    "pay/api": ["pay.deployment.api.eth0.slice.pool-pay"],
    "pay/ledger": [0, 1, 2].map((ordinal) => `pay.statefulset.ledger.eth0.slice.pool-pay.${ordinal}`),
    "pay/web": ["pay.deployment.web.eth0.slice.pool-pay"],
    "pay/worker": ["pool-pay"],
  },
  "sriov-and-macvlan-nodes": {
    "trading/backoffice": ["trading.deployment.backoffice.eth0.office-v4"],
    "trading/feed": ["trading.daemonset.feed.eth0.fast-v4"],
  },
  "third-party-workload": { "game/lobby": ["game.cloneset.apps.kruise.io.lobby.eth0.app-v4"] },
  "two-clusters": { "shop/db": ["shop.statefulset.db.eth0.app-v4"], "shop/web": ["shop.deployment.web.eth0.app-v4"] },
  "two-zones": {
    "shop/workload01": ["shop.deployment.workload01.eth0.zone-a-v4", "shop.deployment.workload01.eth0.zone-b-v4"],
  },
};

const folder = mkdtempSync(join(tmpdir(), "spiderplan-sync-"));
let cluster: EmbeddedCluster;
let players: Player[];

beforeEach(async () => {
  cluster = await startEmbeddedCluster();
  writeFileSync(join(folder, "kubeconfig"), cluster.kubeconfig);
  players = [
    startController(cluster.actor, systemClock, { kubernetes: true, facts: CHART_DEFAULTS }),
    startAgent(cluster.actor, systemClock, { facts: CHART_DEFAULTS }),
  ];
});

afterEach(async () => {
  for (const player of players) await player.stop();
  await cluster.stop();
  rmSync(join(folder, "kubeconfig"));
});

/** `kubectl apply -f cluster.yaml`: every object passes Spiderpool's admission. */
async function applyCluster(example: Example): Promise<void> {
  for (const object of clusterObjects(example.snapshots.slice(0, 1))) {
    await cluster.actor.create(object, KINDS[object.kind as keyof typeof KINDS]).catch((error: unknown) => {
      if (!isClusterError(error, "AlreadyExists")) throw error;
    });
  }
  await settleAll(...players);
}

/** Every Pod starts anew: one that waited may have found its pools while the sync was half done. */
async function restartAll(): Promise<void> {
  for (const { metadata } of (await cluster.actor.list(KINDS.Pod)).items) {
    const pod = { kind: KINDS.Pod, namespace: metadata.namespace, name: metadata.name };
    await cluster.actor.delete(pod, { uid: metadata.uid });
  }
  await settleAll(...players);
}

function onCluster(command: string, example: Example, ...rest: string[]) {
  const cluster = example.cluster === undefined ? [] : ["--cluster", example.cluster];
  return cli([command, "--path", example.plan, ...cluster, "--kubeconfig", join(folder, "kubeconfig"), ...rest]);
}

/** The addresses of each Pod. */
async function addresses(): Promise<Record<string, unknown>> {
  const endpoints = (await cluster.actor.list(KINDS.SpiderEndpoint)).items as readonly SpiderEndpoint[];
  return Object.fromEntries(
    endpoints.map(({ metadata, status }) => [
      `${metadata.namespace}/${metadata.name}`,
      (status?.current?.ips ?? []).map(({ ipv4, ipv6 }) => [ipv4, ipv6]),
    ]),
  );
}

/** The pools that served each workload, by `namespace/name`. */
async function served(): Promise<Record<string, string[]>> {
  const pools = new Map<string, Set<string>>();
  for (const item of (await cluster.actor.list(KINDS.SpiderEndpoint)).items) {
    const { metadata, status } = item as SpiderEndpoint;
    const key = `${metadata.namespace}/${status?.ownerControllerName}`;
    const named = (status?.current?.ips ?? []).flatMap((ip) => [ip.ipv4Pool, ip.ipv6Pool]);
    pools.set(key, new Set([...(pools.get(key) ?? []), ...named.filter((pool) => pool !== undefined)]));
  }
  return Object.fromEntries([...pools].map(([key, names]) => [key, [...names].sort()]));
}

describe.each(examples().map((example) => [example.name, example] as const))("example %s", (name, example) => {
  test("plan, sync, Pods run from the pools the README names, and the next plan is empty (FIXED-7)", async () => {
    await applyCluster(example);
    const before = await addresses();

    const sync = await onCluster("sync", example);
    expect(sync.code, sync.stdout + sync.stderr).toBe(0);
    await settleAll(...players);
    expect(await addresses(), "who ran keeps what it had").toMatchObject(before);
    await restartAll();

    const pods = (await cluster.actor.list(KINDS.Pod)).items;
    const waiting = pods.filter((pod) => (pod.status as { phase?: string } | undefined)?.phase !== "Running");
    expect(pods.length).toBeGreaterThan(0);
    expect(waiting.map((pod) => pod.metadata.name)).toEqual([]);
    if (SERVED[name] !== undefined) expect(await served()).toEqual(SERVED[name]);

    const next = await onCluster("plan", example, "--detailed-exitcode", "-o", "json");
    expect(JSON.parse(next.stdout).steps).toEqual([]);
    expect(next.code).toBe(0);
  });
});
