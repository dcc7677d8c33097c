import { randomUUID } from "node:crypto";
import { connect } from "../../../src/adapters/kubernetes/connect.js";
import { openLedgerStream } from "../../../src/adapters/ledger/ledger-stream.js";
import { parseYamlDocuments } from "../../../src/adapters/plan-files/yaml.js";
import { openMetrics } from "../../../src/adapters/telemetry/metrics.js";
import { systemClock } from "../../../src/cli/clock.js";
import type { PlanSyncSpec, PlanSyncStatus } from "../../../src/core/plan-sync/plan-sync.generated.js";
import { KINDS, type KubeObject, OWN, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { type ListeningUrls, type OperatorOptions, runOperator } from "../../../src/operator/operator.js";
import type { ClusterActor } from "../../../src/ports/cluster.js";
import type { Clock } from "../../../src/ports/runtime.js";
import type { Logger } from "../../../src/ports/telemetry.js";
import { type CliResult, cli } from "../cli.js";
import { type GitServer, type ServedRepository, startGitServer } from "../git-server.js";
import { workspace } from "../workspace.js";

/** A cluster an operator can be started on. */
export interface OperatedCluster {
  readonly actor: ClusterActor;
  /** File of a kubeconfig with every right. */
  readonly kubeconfig: string;
  add(objects: readonly KubeObject[]): Promise<void>;
  /** Waits until the players and controllers have nothing left to do. */
  settle(): Promise<void>;
}

export interface RunningOperator {
  /** Where it takes webhooks. */
  readonly url: string;
  /** Where it is probed. */
  readonly probes: string;
  /** Lines of its log so far. */
  readonly log: readonly string[];
  /** Ends it as SIGTERM does, and waits for the hand-over. */
  stop(): Promise<void>;
}

export interface Stage extends OperatedCluster {
  readonly git: GitServer;
  readonly repository: ServedRepository;
  /** Starts an operator in this process; several compete for the lead. */
  start(options?: Partial<OperatorOptions>): Promise<RunningOperator>;
  /** Makes the PlanSync `net/dc` (or another name) that follows main of the repository. */
  planSync(
    spec?: Omit<Partial<PlanSyncSpec>, "source"> & { source?: Partial<PlanSyncSpec["source"]> },
    name?: string,
  ): Promise<void>;
  /** Commits, and tells every PlanSync so, as a webhook would: polling takes its time. */
  push(...commit: Parameters<ServedRepository["commit"]>): Promise<string>;
  object(name?: string): Promise<KubeObject>;
  status(name?: string): Promise<PlanSyncStatus>;
  annotate(annotations: Readonly<Record<string, string | null>>, name?: string): Promise<void>;
  /** Condition as `status reason`. */
  condition(type: string, name?: string): Promise<string>;
  /** Addresses of a pool; undefined when it is not there. */
  pool(name: string): Promise<readonly string[] | undefined>;
  events(): Promise<string[]>;
  run(...argv: string[]): Promise<CliResult>;
  /** What all operators logged, for people who look for a fault. */
  logs(): string[];
  end(): Promise<void>;
}

/** Namespace of the PlanSyncs and of the operator. */
export const NAMESPACE = "net";
const CREDENTIALS = "git-credentials";

/** As whom operators run; everybody's rights and the PlanSyncs' namespace unless given. */
export interface OperatorRights {
  readonly kubeconfig?: string;
  readonly namespace?: string;
}

/** Sets a stage on a cluster: a namespace, a real Git server behind TLS, its credentials in a Secret. */
export async function setStage(cluster: OperatedCluster, operators: OperatorRights = {}): Promise<Stage> {
  const { actor, kubeconfig } = cluster;
  const git = await startGitServer({ basic: "spiderplan:s3cret-token" });
  const repository = git.repository(`plans-${randomUUID().slice(0, 8)}`);
  const running: RunningOperator[] = [];
  await tolerate(actor.create({ ...named("Namespace", NAMESPACE) }, KINDS.Namespace));
  await actor.create(
    {
      ...named("Secret", CREDENTIALS, NAMESPACE),
      metadata: { name: CREDENTIALS, namespace: NAMESPACE, annotations: { [OWN.repositories]: git.url } },
      data: { username: base64("spiderplan"), password: base64("s3cret-token"), "ca.crt": base64(git.authority.cert) },
    },
    KINDS.Secret,
  );
  const ref = (name: string) => ({ kind: KINDS.PlanSync, namespace: NAMESPACE, name });
  const object = (name = "dc") => actor.get(ref(name));
  const status = async (name = "dc") => ((await object(name)).status ?? {}) as PlanSyncStatus;
  const stage: Stage = {
    ...cluster,
    git,
    repository,
    object,
    status,
    start: async (options) => {
      const namespace = operators.namespace ?? NAMESPACE;
      const operator = await startOperator(operators.kubeconfig ?? kubeconfig, { namespace, ...options });
      running.push(operator);
      return operator;
    },
    planSync: async (spec = {}, name = "dc") => {
      const source = {
        repoURL: repository.url,
        ref: { branch: "main" },
        path: "plan",
        interval: "5s",
        secretRef: { name: CREDENTIALS },
        ...spec.source,
      };
      await actor.create({ ...named("PlanSync", name, NAMESPACE), spec: { ...spec, source } }, KINDS.PlanSync);
    },
    push: async (...commit) => {
      const pushed = repository.commit(...commit);
      const { items } = await actor.list(KINDS.PlanSync, { namespace: NAMESPACE });
      for (const { metadata } of items) {
        await actor.patch(ref(metadata.name), { metadata: { annotations: { "spiderplan.io/hintedAt": pushed } } });
      }
      return pushed;
    },
    annotate: async (annotations, name = "dc") => {
      await actor.patch(ref(name), { metadata: { annotations } });
    },
    condition: async (type, name = "dc") => {
      const found = (await status(name)).conditions?.find((one) => one.type === type);
      return found === undefined ? "absent" : `${found.status} ${found.reason}`;
    },
    pool: async (name) => {
      const found = await actor.get({ kind: KINDS.SpiderIPPool, name }).catch(() => undefined);
      return found === undefined ? undefined : ((found as SpiderIPPool).spec.ips ?? []);
    },
    events: async () => {
      const { items } = await actor.list(KINDS.Event, { namespace: NAMESPACE });
      return items.map((item) => {
        const { reason, message } = item as unknown as { reason: string; message: string };
        return `${reason}: ${message}`;
      });
    },
    run: (...argv) =>
      cli([...argv, "--kubeconfig", kubeconfig], { env: { SPIDERPLAN_USER: "alice", PATH: process.env.PATH ?? "" } }),
    logs: () => running.flatMap(({ log }) => log),
    end: async () => {
      for (const operator of running) await operator.stop();
      await git.close();
    },
  };
  return stage;
}

/** Runs an operator on a cluster until it is stopped. */
export async function startOperator(kubeconfig: string, options: Partial<OperatorOptions>): Promise<RunningOperator> {
  const cluster =
    options.cluster ?? (await connect({ kubeconfig, env: {}, parseYaml: (text) => parseYamlDocuments(text)[0] }));
  const ending = new AbortController();
  const log: string[] = [];
  let onListening: (urls: ListeningUrls) => void = () => {};
  const listening = new Promise<ListeningUrls>((resolve) => {
    onListening = resolve;
  });
  const done = runOperator(
    {
      clock: systemClock as Clock,
      logger: memoryLogger(log),
      metrics: openMetrics(),
      dataDir: options.dataDir ?? workspace(),
      namespace: NAMESPACE,
      spiderpoolNamespace: "kube-system",
      identity: `operator-${randomUUID().slice(0, 8)}`,
      http: { host: "127.0.0.1", port: 0, probePort: 0 },
      openLedger: async () => openLedgerStream(() => {}, openMetrics()),
      webhookSecrets: () => ({}),
      env: { PATH: process.env.PATH },
      onListening,
      ...options,
      cluster,
    },
    ending.signal,
  );
  const { webhooks: url, probes } = await Promise.race([listening, done.then(() => ({ webhooks: "", probes: "" }))]);
  return {
    url,
    probes,
    log,
    stop: async () => {
      ending.abort();
      await done;
    },
  };
}

function memoryLogger(lines: string[], more: object = {}): Logger {
  const at = (level: string) => (fields: object, message: string) => {
    lines.push(`${level} ${message} ${JSON.stringify({ ...more, ...fields })}`);
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => memoryLogger(lines, { ...more, ...fields }),
  };
}

/** Waits until something holds; the last value is told when it never does. */
export async function eventually<T>(read: () => Promise<T>, holds: (value: T) => boolean, seconds = 20): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > end) throw new Error(`after ${seconds} s it is still ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function named(kind: "Namespace" | "Secret" | "PlanSync", name: string, namespace?: string): KubeObject {
  return { apiVersion: KINDS[kind].apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } };
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

async function tolerate(promise: Promise<unknown>): Promise<void> {
  await promise.catch(() => {});
}
