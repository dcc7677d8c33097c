import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { openLogger } from "../../src/adapters/telemetry/logger.js";
import { EventRecorder } from "../../src/app/plan-sync/events.js";
import { publish } from "../../src/app/plan-sync/publish.js";
import { buildProgram } from "../../src/cli/program.js";
import type { Findings } from "../../src/core/plan-sync/findings.js";
import { readWish } from "../../src/core/plan-sync/wish.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import type { WatchableCluster } from "../../src/ports/cluster.js";
import type { Clock } from "../../src/ports/runtime.js";
import { cli } from "../support/cli.js";
import { HOSTILE, harmIn } from "../support/hostile.js";
import { clusterOf, planOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

const spiderpool = "spiderpool.spidernet.io/v2beta1";
const WORKLOAD = `  networks:
    kube-system/m1: {macvlan: {master: [ens192], vlanID: 7}}
  workloads:
    default/Deployment/web:
      replicas: 300
      pods: {labels: {app: web}}
      meta: {ticket: ${JSON.stringify(HOSTILE)}}
      interfaces: {eth0: {fixed: {subnets: [app-v4]}}}
    default/Deployment/calm:
      replicas: 1
      pods: {labels: {app: calm}}
      meta: {ticket: ${JSON.stringify(HOSTILE)}}
      interfaces: {eth0: {network: kube-system/m1, fixed: {subnets: [app-v4]}}}
`;

/** Every name and text of somebody else's that a cluster may hold. */
function hostileItems(): KubeObject[] {
  const { items } = JSON.parse(clusterOf()) as { items: KubeObject[] };
  const spec = { subnet: "10.6.124.0/24", ipVersion: 4, ips: ["10.6.124.150"], disable: false, default: false };
  const records = { "10.6.124.13": { pod: `default/${HOSTILE}`, podUid: "u" } };
  const annotations = { "ipam.spidernet.io/ippool": JSON.stringify({ ipv4: ["ippool01", HOSTILE] }), x: HOSTILE };
  const template = { metadata: { labels: { app: HOSTILE }, annotations }, spec: { containers: [] } };
  const made = (kind: string, name: string, rest: object, apiVersion = spiderpool) =>
    ({ apiVersion, kind, ...rest, metadata: { ...(rest as KubeObject).metadata, name } }) as unknown as KubeObject;
  const current = (pool: string, address: string) => ({
    uid: "u2",
    node: HOSTILE,
    ips: [{ interface: HOSTILE, ipv4: `${address}/24`, ipv4Pool: pool }],
  });
  const inDefault = { namespace: "default", labels: { app: HOSTILE }, annotations };
  const owner = { "spiderplan.io/owner": HOSTILE, "spiderplan.io/meta": JSON.stringify({ ticket: HOSTILE }) };
  const marks = { "spiderplan.io/tracking-id": `default:spiderpool.spidernet.io/SpiderIPPool:/${HOSTILE}`, ...owner };
  const live = items.map((item) =>
    item.kind === "SpiderIPPool"
      ? {
          ...item,
          status: { allocatedIPs: JSON.stringify(records) },
          metadata: { ...item.metadata, managedFields: [{ manager: HOSTILE }] },
        }
      : item,
  );
  return [
    ...live,
    made("SpiderIPPool", HOSTILE, { metadata: { annotations: marks }, spec }),
    made("SpiderMultusConfig", "m1", {
      metadata: { namespace: "kube-system" },
      spec: { cniType: "macvlan", macvlan: { master: [HOSTILE], vlanID: 5 } },
    }),
    made("SpiderReservedIP", `${HOSTILE}-v4`, { spec: { ipVersion: 4, ips: ["10.6.124.151"] } }),
    made("SpiderEndpoint", HOSTILE, {
      metadata: { namespace: "default" },
      status: { current: current("ippool01", "10.6.124.14") },
    }),
    made("SpiderEndpoint", "twin", {
      metadata: { namespace: "default" },
      status: { current: current("ippool01", "10.6.124.14") },
    }),
    made(
      "Node",
      HOSTILE,
      { metadata: { labels: { zone: HOSTILE } }, status: { conditions: [{ type: "Ready", status: "False" }] } },
      "v1",
    ),
    made("Pod", HOSTILE, { metadata: { ...inDefault, uid: "u2" }, spec: { nodeName: HOSTILE } }, "v1"),
    made(
      "Deployment",
      HOSTILE,
      {
        metadata: { namespace: "default" },
        spec: { replicas: 1, selector: { matchLabels: { app: HOSTILE } }, template },
      },
      "apps/v1",
    ),
    made(
      "Deployment",
      "calm",
      {
        metadata: { namespace: "default" },
        spec: { replicas: 1, selector: { matchLabels: { app: "calm" } }, template },
      },
      "apps/v1",
    ),
  ];
}

/** A name that a file system takes. */
const FILE = `${HOSTILE.replaceAll("/", "").slice(0, 180)}.yaml`;
const BROKEN = `apiVersion: spiderplan.io/v1alpha1
kind: NetworkPlan
spec:
  subnets:
    ${JSON.stringify(HOSTILE)}: {cidr: ${JSON.stringify(HOSTILE)}}
    app-v4: {cidr: 10.6.124.0/24, ranges: [${JSON.stringify(HOSTILE)}], gateway: ${JSON.stringify(HOSTILE)}} # ${HOSTILE.split(/[\n\r\u2028]/)[0]}
  pools: {x: {subnet: ${JSON.stringify(HOSTILE)}, addresses: [10.6.124.20]}}
`;
const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata: {name: calm, namespace: default}
spec: {template: {metadata: {annotations: {ipam.spidernet.io/ippools: ${JSON.stringify(HOSTILE)}}}}}
`;
const ledger = (event: string) => {
  const where = { pool: HOSTILE, pod: `default/${HOSTILE}`, uid: "u", nic: HOSTILE, node: HOSTILE };
  const rest = { owner: HOSTILE, revision: HOSTILE, install: HOSTILE, from: "2026-11-24T12:00:00.000Z", to: null };
  return `${JSON.stringify({ v: 1, event, ip: "10.6.124.10", ...where, ...rest })}\n`;
};

function place(): string {
  return workspace({
    [`plan/${FILE}`]: planOf("10.6.124.12-10.6.124.19", WORKLOAD),
    [`broken/${FILE}`]: BROKEN,
    "s.json": JSON.stringify({ kind: "List", items: hostileItems() }),
    [`manifests/${FILE}`]: MANIFEST,
    "ledger/2026-11-24.jsonl": ledger("allocated"),
  });
}

const PLANNED = ["--path", "plan", "--snapshot", "s.json"];
const SEEN = ["--snapshot", "s.json"];
const ON_CLUSTER = ["--kubeconfig", "k.yaml"];

/** What of each command is run, with what must be seen of the hostile text; or why nothing of anybody else's comes out of it. */
const COMMANDS: Record<string, readonly (readonly string[])[] | string> = {
  validate: [
    ["--path", "broken"],
    ["--path", "plan"],
  ],
  plan: [PLANNED, ["--path", "broken", "--snapshot", "s.json"]],
  diff: [PLANNED, ["--path", "broken", "--snapshot", "s.json"]],
  sync: [
    ["--path", "plan", ...ON_CLUSTER],
    ["--path", "broken", ...ON_CLUSTER],
    ["p", ...ON_CLUSTER],
  ],
  lock: [
    ["--path", "plan", "--check", ...SEEN],
    ["--path", "broken"],
  ],
  snapshot: [SEEN],
  explain: [
    ["default/web", ...SEEN],
    [`default/${HOSTILE}`, ...SEEN],
    ["default/calm", ...SEEN, "--interface", HOSTILE],
  ],
  status: [SEEN, ["p", ...ON_CLUSTER]],
  reconcile: [["p", "--timeout", "1s", ...ON_CLUSTER]],
  suspend: [["p", ...ON_CLUSTER]],
  resume: [["p", "--timeout", "1s", ...ON_CLUSTER]],
  rollback: [["p", "--timeout", "1s", ...ON_CLUSTER]],
  history: [["p", ...ON_CLUSTER]],
  simulate: [
    [...SEEN, "--restart", "all"],
    [...SEEN, "--drain", HOSTILE],
    [...SEEN, "--rollout", `default/Deployment/${HOSTILE}`],
  ],
  "who-has": [
    ["10.6.124.14", ...SEEN],
    [HOSTILE, ...SEEN],
    ["--meta", `ticket=${HOSTILE}`, ...PLANNED],
  ],
  "who-had": [["10.6.124.10", "--at", "2026-11-24", "--ledger", "ledger"]],
  free: [PLANNED, [HOSTILE, ...PLANNED]],
  wait: [["default/calm", "--timeout", "0", ...PLANNED]],
  annotations: [
    ["default/calm", ...PLANNED],
    ["--check", "manifests", ...PLANNED],
  ],
  new: "prints what was typed",
  demo: "shows a cluster of its own",
  completion: "prints its own words",
  version: "prints its own words",
  operator: "logs through the logger and writes status and events: below",
};

/** A PlanSync whose status holds what a repository and a cluster wrote. */
const PLAN_SYNC = {
  apiVersion: "spiderplan.io/v1alpha1",
  kind: "PlanSync",
  metadata: { name: "p", namespace: "net" },
  spec: { source: { repoURL: "https://git.example/x.git", ref: { branch: "main" } }, sync: { mode: "manual" } },
  status: {
    source: { subject: HOSTILE, author: HOSTILE, committedAt: "2026-11-24T12:00:00Z", signedBy: HOSTILE },
    blocked: HOSTILE,
    override: HOSTILE,
    lastAttemptedRevision: "a".repeat(40),
    lastAppliedRevision: "a".repeat(40),
    conditions: ["Ready", "Blocked"].map((type) => ({
      type,
      status: "False",
      reason: "X",
      message: HOSTILE,
      lastTransitionTime: "2026-11-24T12:00:00Z",
    })),
    history: ["a", "b"].map((id) => ({
      finishedAt: "2026-11-24T12:00:00Z",
      revision: id.repeat(40),
      result: "applied",
      approvedBy: HOSTILE,
      message: HOSTILE,
    })),
  },
} as unknown as KubeObject;

const { command } = buildProgram(
  { stdout: process.stdout, stderr: process.stderr, env: {}, isTTY: false, cwd: "." },
  async () => 0,
);
const formatsOf = (name: string) => {
  const found = command.commands.find((one) => one.name() === name)!;
  return found.options.find((one) => one.long === "--output")?.argChoices ?? ["text"];
};

test("every command is here, so that a new one cannot forget it", () => {
  expect(command.commands.map((one) => one.name()).sort()).toEqual(Object.keys(COMMANDS).sort());
});

const runs = Object.entries(COMMANDS).flatMap(([name, lines]) =>
  typeof lines === "string"
    ? []
    : lines.flatMap((line) =>
        (line[0] === "p"
          ? formatsOf(name).filter((one) => one !== "csv" && (name !== "sync" || one === "text"))
          : formatsOf(name)
        ).flatMap((format) =>
          (format === "text" ? ["auto", "always"] : ["auto"]).map((color) => [name, format, color, line] as const),
        ),
      ),
);

describe("no outside text forges anything in the output of", () => {
  test.each(runs)("%s -o %s (colour %s) %j", async (name, format, color, line) => {
    const cwd = place();
    if (line.includes("k.yaml")) {
      const cluster = await clusterWithPlanSync();
      onTestFinished(() => cluster.stop());
      writeFileSync(join(cwd, "k.yaml"), cluster.kubeconfig);
    }
    const knows = (option: string) =>
      command.commands.find((one) => one.name() === name)!.options.some((one) => one.long === option);
    const argv = [
      name,
      ...line,
      ...(knows("--output") ? ["-o", format] : []),
      ...(knows("--color") ? ["--color", color] : []),
    ];
    const { stdout, stderr } = await cli(argv, { cwd });
    expect(stdout + stderr).not.toBe("");
    expect(stderr).not.toContain("bug of spiderplan");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours
    const bare = (text: string) => text.replace(/\u001b\[(?:[12]|22|3[1236]|39)m/g, "");
    expect(harmIn(bare(stdout), format)).toEqual([]);
    expect(harmIn(bare(stderr), "text")).toEqual([]);
    if (format === "json" || format === "sarif") expect(() => JSON.parse(stdout || "{}")).not.toThrow();
    if (format === "yaml") expect(parseAllDocuments(stdout).flatMap((one) => one.errors)).toEqual([]);
    if (format === "sarif") expect(stdout).not.toContain("](");
  });
});

async function clusterWithPlanSync(): Promise<EmbeddedCluster> {
  return startEmbeddedCluster({ objects: [...(JSON.parse(clusterOf()) as { items: KubeObject[] }).items, PLAN_SYNC] });
}

test("a status and its events hold no outside text unescaped, whichever of its fields it is", async () => {
  const written: unknown[] = [];
  const keep = async (...given: unknown[]) => {
    written.push(given.at(-1) === KINDS.Event ? given[0] : given[1]);
    return PLAN_SYNC;
  };
  const cluster = { patchStatus: keep, create: keep } as unknown as WatchableCluster;
  const logged: string[] = [];
  const logger = openLogger({ level: "debug", format: "text", write: (line) => logged.push(line) });
  const clock = { now: () => 0 } as Clock;
  const findings: Findings = {
    wish: readWish(PLAN_SYNC),
    previous: {},
    now: "2026-11-24T12:00:00Z",
    handled: true,
    planErrors: [HOSTILE],
    clusterError: { reason: "ReconciliationFailed", message: HOSTILE },
    source: {
      revision: "a".repeat(40),
      ref: HOSTILE,
      author: HOSTILE,
      subject: HOSTILE,
      signedBy: [HOSTILE],
      pinned: HOSTILE,
      failure: { reason: "X", message: HOSTILE, since: "2026-11-24T12:00:00Z", told: true },
    },
  };
  const events = new EventRecorder(cluster, clock, logger, "operator-0");
  await publish(PLAN_SYNC, findings, new Map(), { cluster, logger, events });
  expect(written.map((one) => (one as KubeObject).kind ?? "status")).toEqual(["status", "Event", "Event"]);
  const texts = (value: unknown): string[] =>
    typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [String(value)];
  expect(texts(written).filter((text) => text.includes("FORGED")).length).toBeGreaterThan(5);
  expect(texts(written).flatMap((text) => harmIn(text, "text"))).toEqual([]);
  expect(logged.flatMap((line) => harmIn(line.slice(0, -1), "text"))).toEqual([]);
});

test("nothing writes to the process' own outputs but the program, whose guard stands before them", () => {
  const root = new URL("../../src/", import.meta.url);
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const writing = files.filter((name) =>
    /\bprocess\.std(out|err)\b|\bconsole\./.test(
      readFileSync(new URL(name, root), "utf8").replace(/\/\*\*[\s\S]*?\*\//g, ""),
    ),
  );
  expect(writing).toEqual(["cli/main.ts"]);
});
