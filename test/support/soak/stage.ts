import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlanSyncSpec } from "../../../src/core/plan-sync/plan-sync.generated.js";
import { KINDS, type KubeObject, OWN } from "../../../src/core/spiderpool/objects.js";
import { type GitServer, type ServedRepository, startGitServer } from "../git-server.js";
import { type OperatorProcess, startOperatorProcess } from "../operator/process.js";
import { node, type PlayedCluster, playCluster, poolAnnotation, workload } from "../played-cluster.js";
import { signedPush } from "../webhooks.js";
import { WEBS } from "./plans.js";

const NAMESPACE = "net";
const SECRET = "hook-secret";
/** PlanSyncs, and the folder each follows: without locks, and with `lock: cluster`. */
export const PLAN_SYNCS = { dc: { path: "plan" }, team: { path: "team", lock: "cluster" } } as const;
export type PlanSyncName = keyof typeof PLAN_SYNCS;

/** A town with players, a Git server, and an operator that can be ended at any time. */
export class SoakStage {
  #operator: OperatorProcess;
  starts = 1;

  private constructor(
    readonly cluster: PlayedCluster,
    readonly git: GitServer,
    readonly repository: ServedRepository,
    private readonly folder: string,
    operator: OperatorProcess,
  ) {
    this.#operator = operator;
  }

  /** Sets everything up; the repository is still empty. */
  static async open(): Promise<SoakStage> {
    const folder = mkdtempSync(join(tmpdir(), "spiderplan-soak-"));
    const cluster = await playCluster();
    const git = await startGitServer({ basic: "spiderplan:s3cret-token" });
    const repository = git.repository("plans");
    writeFileSync(join(folder, "kubeconfig"), cluster.kubeconfig);
    mkdirSync(join(folder, "hooks"));
    writeFileSync(join(folder, "hooks/github"), `${SECRET}\n`);
    await cluster.create(...town(git), ...planSyncs(repository.url));
    return new SoakStage(cluster, git, repository, folder, await startIn(folder));
  }

  get operator(): OperatorProcess {
    return this.#operator;
  }

  /** Ends the operator and starts another one on the same folder. */
  async restart(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await this.#operator.end(signal);
    this.#operator = await startIn(this.folder);
    this.starts++;
  }

  /** Tells the operator of the tip of main as a forge does. @returns the answer's status */
  async hint(): Promise<number> {
    const commit = this.repository.tip();
    const push = { secret: SECRET, repoURL: this.repository.url, ref: "refs/heads/main", commit };
    const { path, headers, body } = signedPush("github", push);
    return (await fetch(this.#operator.url + path, { method: "POST", headers: { ...headers }, body })).status;
  }

  planSync(name: PlanSyncName): Promise<KubeObject> {
    return this.cluster.actor.get({ kind: KINDS.PlanSync, namespace: NAMESPACE, name });
  }

  async annotate(name: PlanSyncName, annotations: Readonly<Record<string, string | null>>): Promise<void> {
    await this.cluster.patch("PlanSync", `${NAMESPACE}/${name}`, { metadata: { annotations } });
  }

  /** Used heap of the operator in MiB, as its own metrics tell. */
  async heapMiB(): Promise<number> {
    const text = await (await fetch(`${this.#operator.probes}/metrics`)).text();
    return Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(text)?.[1] ?? 0) / 2 ** 20;
  }

  async close(): Promise<void> {
    await this.#operator.end("SIGTERM");
    await this.cluster.stop();
    await this.git.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function startIn(folder: string): Promise<OperatorProcess> {
  return startOperatorProcess({
    kubeconfig: join(folder, "kubeconfig"),
    namespace: NAMESPACE,
    dataDir: join(folder, "data"),
    webhookSecrets: join(folder, "hooks"),
  });
}

function town(git: GitServer): KubeObject[] {
  const network = { "v1.multus-cni.io/default-network": "kube-system/net" };
  const fixed = (kind: "Deployment" | "StatefulSet", name: string, replicas: number) => {
    const stem = `default.${kind.toLowerCase()}.${name}.eth0.*`;
    const choice = { interface: "eth0", ipv4: ["spiderplan-none-v4", stem], ipv6: [stem] };
    const annotations = { ...network, "ipam.spidernet.io/ippools": JSON.stringify([choice]) };
    return workload(kind, name, { replicas, annotations });
  };
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    {
      ...{ apiVersion: "v1", kind: "Secret" },
      metadata: { name: "git", namespace: NAMESPACE, annotations: { [OWN.repositories]: git.url } },
      data: {
        username: base64("spiderplan"),
        password: base64("s3cret-token"),
        "ca.crt": base64(git.authority.cert),
      },
    },
    ...["node-a", "node-b", "node-c"].map((name) => node(name)),
    ...Array.from({ length: WEBS }, (_, web) => fixed("Deployment", `web${web}`, web < 3 ? 2 : 0)),
    fixed("StatefulSet", "db", 3),
    fixed("Deployment", "auto", 2),
    fixed("StatefulSet", "kv", 2),
    workload("Deployment", "user", { replicas: 2, annotations: { ...network, ...poolAnnotation("shared") } }),
  ];
}

function planSyncs(repoURL: string): KubeObject[] {
  return Object.entries(PLAN_SYNCS).map(([name, { path, ...more }]) => {
    const source = { repoURL, ref: { branch: "main" }, path, interval: "5s", secretRef: { name: "git" } };
    const sync = { mode: "automated" as const, prune: true, pruneBudget: { count: 100, percent: 100 } };
    // Nobody waits long for a second try in a soak.
    const retry = { limit: 5, backoff: { duration: "1s", maxDuration: "5s" } };
    const spec: PlanSyncSpec = { source, sync: { ...sync, retry }, ...more };
    return { apiVersion: KINDS.PlanSync.apiVersion, kind: "PlanSync", metadata: { name, namespace: NAMESPACE }, spec };
  });
}
