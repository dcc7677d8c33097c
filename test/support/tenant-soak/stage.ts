import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "../../../src/adapters/kubernetes/connect.js";
import type { KubeCluster } from "../../../src/adapters/kubernetes/kube-cluster.js";
import { isClusterError } from "../../../src/core/cluster-error.js";
import type { PlanSyncSpec, PlanSyncStatus } from "../../../src/core/plan-sync/plan-sync.generated.js";
import {
  KINDS,
  type KubeObject,
  OWN,
  type SpiderEndpoint,
  type SpiderIPPool,
} from "../../../src/core/spiderpool/objects.js";
import { type GitServer, type ServedRepository, startGitServer } from "../git-server.js";
import { type OperatorProcess, startOperatorProcess } from "../operator/process.js";
import { addNode } from "../real-apiserver.js";
import { offeredBy } from "../worlds/addresses.js";
import { fileOf, HOSTILE, sharedFile, workloadsOf } from "./plans.js";
import type { TenantAccess } from "./tenant.js";
import type { Town } from "./town-main.js";

const NAMESPACE = "net";
const PLAN_SYNC = { kind: KINDS.PlanSync, namespace: NAMESPACE, name: "dc" };

/** Namespaces with a plan for all of them, the API server and the operator in processes of their own. */
export class TenantStage {
  private constructor(
    readonly tenant: TenantAccess,
    readonly honest: readonly string[],
    readonly actor: KubeCluster,
    readonly operator: OperatorProcess,
    private readonly repository: ServedRepository,
    private readonly git: GitServer,
    private readonly town: ChildProcess,
    private readonly folder: string,
  ) {}

  /**
   * Everything set up and the first commit pushed.
   * @param real on a real API server (KUBEBUILDER_ASSETS), not on the embedded one
   */
  static async open(honest: readonly string[], real: boolean): Promise<TenantStage> {
    const folder = mkdtempSync(join(tmpdir(), "spiderplan-tenant-soak-"));
    const main = fileURLToPath(new URL("town-main.ts", import.meta.url));
    const town = fork(main, real ? ["real"] : [], { execArgv: ["--import", "tsx"] });
    const { kubeconfig, tenant } = await new Promise<Town>((resolve, reject) => {
      town.once("message", (message) => resolve(message as Town));
      town.once("exit", (code) => reject(new Error(`the town ended (${code}) before it stood`)));
    });
    const actor = await connect({ kubeconfig });
    const git = await startGitServer({ basic: "spiderplan:s3cret-token" });
    const repository = git.repository("plans");
    const all = [...honest, HOSTILE];
    repository.commit({
      "plan/shared.yaml": sharedFile(),
      ...Object.fromEntries(all.map((namespace) => [`plan/${namespace}.yaml`, fileOf(namespace, 2)])),
    });
    for (const object of [...standing(git, repository.url), ...all.flatMap(namespaceWithWorkloads)])
      await put(actor, object);
    const operator = await startOperatorProcess({ kubeconfig, namespace: NAMESPACE, dataDir: join(folder, "data") });
    return new TenantStage(tenant, honest, actor, operator, repository, git, town, folder);
  }

  tip(): string {
    return this.repository.tip();
  }

  /** Commits a namespace's file, and tells the operator as a webhook does. */
  async push(namespace: string, replicas: number): Promise<string> {
    const commit = this.repository.commit({ [`plan/${namespace}.yaml`]: fileOf(namespace, replicas) });
    const hint = { metadata: { annotations: { "spiderplan.io/hintedAt": commit } } };
    await patiently(() => this.actor.patch(PLAN_SYNC, hint));
    return commit;
  }

  async status(): Promise<PlanSyncStatus> {
    return ((await patiently(() => this.actor.get(PLAN_SYNC))).status ?? {}) as PlanSyncStatus;
  }

  /** How many addresses a pool has; 0 without it. */
  async poolSize(name: string): Promise<number> {
    const pool = await this.actor.get({ kind: KINDS.SpiderIPPool, name }).catch(() => undefined);
    return pool === undefined ? 0 : offeredBy(pool as SpiderIPPool).length;
  }

  /** Address of every honest Pod that has one, by `namespace/name`. */
  async addresses(): Promise<Map<string, string>> {
    const { items } = await patiently(() => this.actor.list(KINDS.SpiderEndpoint));
    const honest = (items as readonly SpiderEndpoint[]).filter(({ metadata }) => metadata.namespace !== HOSTILE);
    return new Map(
      honest.map(({ metadata, status }) => [
        `${metadata.namespace}/${metadata.name}`,
        (status?.current?.ips ?? []).map(({ ipv4 }) => ipv4 ?? "").join(","),
      ]),
    );
  }

  async close(): Promise<void> {
    await this.operator.end("SIGTERM");
    await this.actor.close();
    await this.git.close();
    this.town.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** An API server that the tenant keeps busy answers 504 or 429: it is asked again. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isClusterError(error) || !error.transient) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

async function put(actor: KubeCluster, object: KubeObject): Promise<void> {
  if (object.kind === "Node") return addNode(actor, object);
  try {
    await actor.create(object, KINDS[object.kind as keyof typeof KINDS]);
  } catch (error) {
    // The tenant's Namespace is there before: its Role is in it.
    if (object.kind !== "Namespace" || !isClusterError(error, "AlreadyExists")) throw error;
  }
}

function namespaceWithWorkloads(name: string): KubeObject[] {
  return [{ apiVersion: "v1", kind: "Namespace", metadata: { name } }, ...workloadsOf(name)];
}

function standing(git: GitServer, repoURL: string): KubeObject[] {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const source = { repoURL, ref: { branch: "main" }, path: "plan", interval: "5s", secretRef: { name: "git" } };
  const spec: PlanSyncSpec = {
    source,
    sync: { mode: "automated", prune: true, retry: { limit: 5, backoff: { duration: "1s", maxDuration: "5s" } } },
  };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    {
      ...{ apiVersion: "v1", kind: "Secret" },
      metadata: { name: "git", namespace: NAMESPACE, annotations: { [OWN.repositories]: git.url } },
      data: { username: base64("spiderplan"), password: base64("s3cret-token"), "ca.crt": base64(git.authority.cert) },
    },
    ...["node-a", "node-b", "node-c"].map((name) => ({ apiVersion: "v1", kind: "Node", metadata: { name } })),
    {
      apiVersion: KINDS.PlanSync.apiVersion,
      kind: "PlanSync",
      metadata: { name: PLAN_SYNC.name, namespace: NAMESPACE },
      spec,
    },
  ];
}
