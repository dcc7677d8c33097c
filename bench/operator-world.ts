import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PlanSyncStatus } from "../src/core/plan-sync/plan-sync.generated.js";
import { KINDS, type Kind, type KubeObject, OWN } from "../src/core/spiderpool/objects.js";
import type { ClusterActor } from "../src/ports/cluster.js";
import { startGitServer } from "../test/support/git-server.js";
import { kubeconfigFile } from "../test/support/kubeconfig-file.js";
import { type OperatorProcess, startOperatorProcess } from "../test/support/operator/process.js";
import { skipReason, startRealCluster } from "../test/support/real-apiserver.js";
import { signedPush } from "../test/support/webhooks.js";
import { NETWORK, type WorldSize, writeBigPlan } from "./big-world.js";
import { type CountingProxy, startCountingProxy } from "./counting-proxy.js";
import { startEmbeddedProcess } from "./embedded-process.js";

const NAMESPACE = "net";
const SECRET = "hook-secret";
const LOGIN = "spiderplan:s3cret-token";
const FIRST_SYNC = 300_000;

/** An operator that follows a plan of so many fixed workloads, everything in sync. */
export interface OperatorWorld {
  readonly server: "kube-apiserver" | "embedded";
  /** An administrator's connection, past the proxy. */
  readonly actor: ClusterActor;
  readonly kubeconfig: string;
  readonly operator: OperatorProcess;
  readonly proxy: CountingProxy;
  readonly seen: Sightings;
  /** Commits a plan in which one workload asks for one more Pod. @returns the commit, and the workload's pool */
  grow(workload: number): { commit: string; pool: string };
  /** Tells the operator of a commit as a forge does. */
  hint(commit: string): Promise<void>;
  annotate(annotations: Readonly<Record<string, string>>): Promise<void>;
  /** Seconds of a bare `git ls-remote` and `git fetch` of what is new. */
  fetchBare(): Promise<number>;
  close(): Promise<void>;
}

/** Starts everything and waits until the operator has written the whole plan. */
export async function openOperatorWorld(folder: string, size: WorldSize, nodeArgs?: string[]): Promise<OperatorWorld> {
  const real = skipReason() === undefined;
  const cluster = real ? await startRealCluster() : await startEmbeddedProcess();
  const { actor, kubeconfig } = cluster;
  const proxy = await startCountingProxy(real ? { kubeconfig } : { url: cluster.server });
  const git = await startGitServer({ basic: LOGIN });
  const repository = git.repository("plans");
  const files = planFiles(writeBigPlan(folder, size));
  const first = repository.commit(files);
  mkdirSync(join(folder, "hooks"), { recursive: true });
  writeFileSync(join(folder, "hooks/github"), SECRET);
  await actor.create(NETWORK, KINDS.SpiderMultusConfig);
  for (const object of planSync(repository.url, git.authority.cert))
    await actor.create(object, KINDS[object.kind as keyof typeof KINDS]);
  const seen = new Sightings(actor);
  const operator = await startOperatorProcess({
    kubeconfig: kubeconfigFile(proxy.url),
    namespace: NAMESPACE,
    dataDir: join(folder, "data"),
    webhookSecrets: join(folder, "hooks"),
    nodeArgs,
  });
  await seen.until("PlanSync", (object) => isSynced(object, first), FIRST_SYNC);
  const asked = new Map<number, number>();
  const clone = join(folder, "clone");
  const bare = bareGit(repository.url, git.authority.certFile);
  await bare("clone", "--quiet", "--bare", repository.url, clone);
  return {
    server: real ? "kube-apiserver" : "embedded",
    ...{ actor, kubeconfig, operator, proxy, seen },
    grow: (workload) => {
      const replicas = (asked.get(workload) ?? size.podsPerWorkload) + 1;
      asked.set(workload, replicas);
      const path = Object.keys(files).find((one) => files[one]!.includes(`/app-${workload}:`))!;
      const line = new RegExp(`(/app-${workload}:\\n\\s+replicas: )\\d+`);
      files[path] = files[path]!.replace(line, `$1${replicas}`);
      const pool = `team-${workload % 50}.deployment.app-${workload}.eth0.net-0`;
      return { commit: repository.commit({ [path]: files[path]! }), pool };
    },
    hint: async (commit) => {
      const push = { secret: SECRET, repoURL: repository.url, ref: "refs/heads/main", commit };
      const { path, headers, body } = signedPush("github", push);
      const { status } = await fetch(operator.url + path, { method: "POST", headers: { ...headers }, body });
      if (status !== 202) throw new Error(`the webhook was answered with ${status}`);
    },
    annotate: async (annotations) => {
      const ref = { kind: KINDS.PlanSync, namespace: NAMESPACE, name: "dc" };
      await actor.patch(ref, { metadata: { annotations } });
    },
    fetchBare: async () => {
      const started = performance.now();
      await bare("ls-remote", "--quiet", repository.url, "refs/heads/main");
      await bare("-C", clone, "fetch", "--quiet", repository.url, "refs/heads/main");
      return (performance.now() - started) / 1000;
    },
    close: async () => {
      await operator.end("SIGTERM");
      await seen.stop();
      await proxy.close();
      await git.close();
      await cluster.stop();
    },
  };
}

/** Whether a PlanSync's commit is in the cluster and all is well. */
export function isSynced({ status }: KubeObject, commit: string): boolean {
  const { lastAppliedRevision, conditions = [] } = (status ?? {}) as PlanSyncStatus;
  return lastAppliedRevision === commit && conditions.some((one) => one.type === "Ready" && one.status === "True");
}

/** What an administrator sees of pools and the PlanSync, and when. */
class Sightings {
  readonly #ending = new AbortController();
  readonly #waiting = new Set<(object: KubeObject) => void>();
  readonly #watching: Promise<unknown>;

  constructor(private readonly actor: ClusterActor) {
    this.#watching = Promise.all([KINDS.SpiderIPPool, KINDS.PlanSync].map((kind) => this.#follow(kind)));
  }

  /** Waits for a change after which something holds. @returns when it was seen, by `performance.now()` */
  until(kind: string, holds: (object: KubeObject) => boolean, longest = 60_000): Promise<number> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no ${kind} came to what was waited for`)), longest);
      const look = (object: KubeObject) => {
        if (object.kind !== kind || !holds(object)) return;
        clearTimeout(late);
        this.#waiting.delete(look);
        resolve(performance.now());
      };
      this.#waiting.add(look);
    });
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#watching;
  }

  async #follow(kind: Kind): Promise<void> {
    let { resourceVersion } = await this.actor.list(kind);
    // An API server ends a watch after a while.
    while (!this.#ending.signal.aborted) {
      for await (const event of this.actor.watch(kind, resourceVersion, this.#ending.signal)) {
        if (event.type === "BOOKMARK") resourceVersion = event.resourceVersion;
        else {
          resourceVersion = event.object.metadata.resourceVersion!;
          for (const look of [...this.#waiting]) look(event.object);
        }
      }
    }
  }
}

function planFiles(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [`plan/${name}`, readFileSync(join(folder, name), "utf8")]),
  );
}

function planSync(repoURL: string, authority: string): KubeObject[] {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const [username, password] = LOGIN.split(":").map(base64) as [string, string];
  // Nothing but webhooks shall make it look.
  const source = { repoURL, ref: { branch: "main" }, path: "plan", interval: "1h", secretRef: { name: "git" } };
  const metadata = (name: string) => ({ name, namespace: NAMESPACE });
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    {
      ...{ apiVersion: "v1", kind: "Secret" },
      metadata: { ...metadata("git"), annotations: { [OWN.repositories]: repoURL } },
      data: { username, password, "ca.crt": base64(authority) },
    },
    {
      ...{ apiVersion: KINDS.PlanSync.apiVersion, kind: "PlanSync", metadata: metadata("dc") },
      spec: { source, sync: { mode: "automated", prune: true } },
    },
  ];
}

function bareGit(url: string, authority: string): (...args: string[]) => Promise<void> {
  const header = `http.${url}.extraHeader=Authorization: Basic ${Buffer.from(LOGIN).toString("base64")}`;
  const env = { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
  return async (...args) => {
    await promisify(execFile)("git", ["-c", header, "-c", `http.sslCAInfo=${authority}`, ...args], { env });
  };
}
