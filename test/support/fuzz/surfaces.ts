import { createHash, createHmac } from "node:crypto";
import { DEFAULT_LIMITS } from "../../../src/adapters/plan-files/limits.js";
import { parseLockFile } from "../../../src/adapters/plan-files/lock-files.js";
import { lockText } from "../../../src/adapters/plan-files/lock-text.js";
import { parsePlanFile } from "../../../src/adapters/plan-files/plan-parse.js";
import { openLogger } from "../../../src/adapters/telemetry/logger.js";
import { openMetrics } from "../../../src/adapters/telemetry/metrics.js";
import { ApprovedPlans } from "../../../src/app/plan-sync/approved-plans.js";
import { lockChains } from "../../../src/app/plan-sync/lock-chain.js";
import { textOf } from "../../../src/app/plan-sync/lock-objects.js";
import { markdownCode, markdownText } from "../../../src/app/report/media.js";
import { recordsOf } from "../../../src/core/allocate/quarantine.js";
import { mergePlan } from "../../../src/core/plan/merge.js";
import { approvedBy } from "../../../src/core/plan-sync/approval.js";
import { fieldText } from "../../../src/core/plan-sync/field-text.js";
import { scopeCovers } from "../../../src/core/plan-sync/repository-scope.js";
import { readSwitches, SWITCHES } from "../../../src/core/plan-sync/switches.js";
import { printable } from "../../../src/core/printable.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { webhookReceiver } from "../../../src/operator/webhooks/receiver.js";
import type { WebhookSource } from "../../../src/operator/webhooks/webhook.js";
import type { Cluster } from "../../../src/ports/cluster.js";
import { signedPush } from "../webhooks.js";

/** Something that reads a text of somebody else's. */
export interface Surface {
  readonly name: string;
  /** Of a hundred inputs. */
  readonly share: number;
  /** Texts that are as they should be. */
  readonly corpus: readonly string[];
  /** Reads it, as a pass would; what it throws escaped. */
  readonly read: (text: string) => unknown;
}

const PLAN = `apiVersion: spiderplan.io/v1alpha1
kind: NetworkPlan
spec:
  subnets:
    app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99], exclude: [10.6.0.50]}
    six: {cidr: "fd00:6::/64", gateway: "fd00:6::1", ranges: ["fd00:6::10-fd00:6::ff"]}
  reserved: {printers: {addresses: [10.6.0.90-10.6.0.99], reason: printers, until: 2027-01-01}}
  pools: {p: {subnet: app, take: {from: 10.6.0.60, count: 9}, pods: {labels: {app: web}}}}
  networks: {kube-system/net: {macvlan: {master: [eth1], vlanID: 6}, defaultPools: [p]}}
  namespaces: {shop: {defaultPools: [p]}}
  workloads:
    shop/StatefulSet/web: {replicas: 3, pods: {labels: {app: web}}, interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [app, six], perPod: {0: 10.6.0.41}}}}}
  moved: [{from: shop/StatefulSet/old, to: shop/StatefulSet/web}]
`;
const LOCK = `apiVersion: spiderplan.io/v1alpha1
kind: AddressLock
held:
  10.6.0.20-10.6.0.24: default/Deployment/workload01/net1
  10.6.0.41: default/StatefulSet/web/eth0/0
  10.6.0.60-10.6.0.65: pay/Deployment/api/eth0/pool:ippool-pay
pending: {10.6.0.24: CHG7}
pools: {ops/Deployment/legacy/eth0: testingippool}
released:
  10.6.0.30: default/Deployment/old/net1
`;
const RECORDS = JSON.stringify({ "10.6.0.30": { owner: "shop/Deployment/a/eth0", since: "2026-11-20T00:00:00Z" } });
const STEP = { action: "create", kind: "SpiderIPPool", namespace: null, name: "p", wave: 1, blocked: false };
const PLAN_TEXT = JSON.stringify({ steps: [STEP], leaves: [{ type: "strands", pod: "shop/web-0" }], lock: [] });
const SECRET = "s3cret";
const PLAN_SYNC = { namespace: "net", name: "dc" };
const bytes = (text: string) => new TextEncoder().encode(text);
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const PLANS = JSON.stringify([{ digest: `sha256:${sha256(PLAN_TEXT)}`, text: PLAN_TEXT }]);

function lockObject(annotations: Record<string, string>, data: Record<string, string>): KubeObject {
  const metadata = {
    ...PLAN_SYNC,
    name: "spiderplan-lock-dc-app",
    annotations,
    labels: { "spiderplan.io/lock-of": "dc" },
  };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data } as KubeObject;
}

function readLockMap(text: string): void {
  const several: Record<string, string>[] = [
    {
      "spiderplan.io/subnet": "app",
      "spiderplan.io/next-address": text,
      "spiderplan.io/next-part": "spiderplan-lock-dc-app.1",
    },
    { "spiderplan.io/subnet": "app", "spiderplan.io/next-address": "10.6.0.30", "spiderplan.io/next-part": text },
    { "spiderplan.io/subnet": text },
  ];
  for (const annotations of several) lockChains([lockObject(annotations, { "lock.yaml": LOCK })], PLAN_SYNC);
  for (const { parts } of lockChains(
    [lockObject({ "spiderplan.io/subnet": "app" }, { "lock.yaml": text })],
    PLAN_SYNC,
  ).values())
    for (const { object } of parts) lockText.parse(object.metadata.name, "app", textOf(object, false));
}

/** The record as it is, and as the text of a plan whose digest fits: who edits one may edit the other. */
async function readPlans(text: string): Promise<void> {
  const digest = `sha256:${sha256(text)}`;
  for (const data of [text, JSON.stringify([{ digest, text }])]) {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, data: { "plans.json": data } };
    const cluster = { get: () => Promise.resolve(object) } as unknown as Cluster;
    const known = await new ApprovedPlans(cluster, PLAN_SYNC, sha256).known();
    const plan = { digest: "sha256:0", text: "", steps: new Map([["create SpiderIPPool p", "1"]]), leaves: ["x"] };
    approvedBy(plan, { digest }, known, 0, 1);
  }
}

/** Signed as the forge signs: what follows the proof is read. */
function hooks(): (text: string) => Promise<void> {
  const receiver = webhookReceiver({
    secrets: () => ({ github: [SECRET], generic: [SECRET], gitlab: [SECRET], "bitbucket-server": [SECRET] }),
    onPush: () => undefined,
    clock: { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() } as never,
    metrics: openMetrics(),
    logger: openLogger({ level: "debug", format: "json", write: () => undefined }),
    rates: { authentic: { burst: 1e9, perSecond: 1e9 }, strangers: { burst: 1e9, perSecond: 1e9 } },
  });
  let delivery = 0;
  return async (text) => {
    const hex = createHmac("sha256", SECRET).update(text).digest("hex");
    delivery++;
    const all: Record<string, Record<string, string>> = {
      github: { "x-github-event": "push", "x-github-delivery": `${delivery}`, "x-hub-signature-256": `sha256=${hex}` },
      gitlab: { "x-gitlab-event": "Push Hook", "x-gitlab-event-uuid": `${delivery}`, "x-gitlab-token": SECRET },
      "bitbucket-server": {
        "x-event-key": "repo:refs_changed",
        "x-request-id": `${delivery}`,
        "x-hub-signature": `sha256=${hex}`,
      },
    };
    const [source, headers] = Object.entries(all)[delivery % 3]!;
    const request = new Headers({ "content-type": "application/json", ...headers });
    await receiver.receive({ source, headers: request, read: () => Promise.resolve(bytes(text)) });
  };
}

const payload = (source: WebhookSource) =>
  signedPush(source, {
    secret: SECRET,
    repoURL: "https://git.example/org/plans.git",
    ref: "refs/heads/main",
    commit: "a".repeat(40),
  }).body;

/** Every text outside the cluster's objects; those are read many at once, by `readCluster`. */
export function surfaces(): readonly Surface[] {
  return [
    {
      name: "plan file",
      share: 10,
      corpus: [PLAN],
      read: (text) => mergePlan(parsePlanFile("p.yaml", bytes(text), DEFAULT_LIMITS).documents, undefined),
    },
    {
      name: "lock file",
      share: 8,
      corpus: [LOCK],
      read: (text) => parseLockFile("spiderplan.lock/default/app.yaml", bytes(text)),
    },
    {
      name: "lock ConfigMap",
      share: 5,
      corpus: [LOCK, "10.6.0.30", "spiderplan-lock-dc-app.1", "app"],
      read: readLockMap,
    },
    { name: "plan record", share: 5, corpus: [PLANS, PLAN_TEXT], read: readPlans },
    {
      name: "quarantine record",
      share: 6,
      corpus: [RECORDS],
      read: (text) => recordsOf({ metadata: { name: "q", annotations: { "spiderplan.io/quarantine": text } } }),
    },
    {
      name: "webhook payload",
      share: 10,
      corpus: (["github", "gitlab", "bitbucket-server"] as const).map(payload),
      read: hooks(),
    },
    {
      name: "Secret's scope",
      share: 6,
      corpus: ["https://git.example/org", "ssh://git@git.example:22/org/plans.git, git@git.example:org/plans"],
      read: (text) => [
        scopeCovers(text, "https://git.example/org/plans.git"),
        scopeCovers("https://git.example/org", text),
      ],
    },
    {
      name: "PlanSync's switches",
      share: 5,
      corpus: ["true", "sha256:0", "subnet:app, pool:p", '{"ticket":"CHG7","until":"2026-11-22T00:00:00Z"}'],
      read: (text) => readSwitches(Object.fromEntries(Object.values(SWITCHES).map((key) => [key, text]))),
    },
    {
      name: "texts shown",
      share: 5,
      corpus: ["Fix the pool (#1)", "Jane Doe <jane@example.org>", "feature/x"],
      read: (text) => [printable(text), markdownText(text), markdownCode(text), fieldText(text, 256)],
    },
  ];
}
