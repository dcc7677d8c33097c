import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlanSyncStatus } from "../../../src/core/plan-sync/plan-sync.generated.js";
import { KINDS, type KubeObject, OWN } from "../../../src/core/spiderpool/objects.js";
import { type GitServer, type ServedRepository, startGitServer } from "../git-server.js";
import { type PlayedCluster, playCluster } from "../played-cluster.js";
import { type Chance, chance } from "../worlds/chance.js";
import { fixedRulesBroken } from "./fixed-rules.js";
import { deployments, planOfCommit, poolOfOwner } from "./kill-plan.js";
import { type SpawnedOperator, spawnOperator } from "./process.js";

export interface KillOptions {
  readonly count: number;
  readonly seed: number;
  /** Told a line for every kill. */
  readonly onProgress?: (line: string) => void;
}

/** What came of killing an operator again and again. */
export interface KillReport {
  readonly kills: number;
  /** Kills after which a new operator brought the cluster to the commit. */
  readonly converged: number;
  /** Breaks of FIXED-1 and FIXED-2, seen before any write and after each kill. */
  readonly violations: readonly string[];
  /** How often the rules were checked. */
  readonly checks: number;
  /** Writes each killed sync would have needed, at least. */
  readonly steps: readonly number[];
  /** Pods that had an address at the end. */
  readonly pods: number;
  readonly seconds: number;
}

const NAMESPACE = "net";
const PLAN_SYNC = { kind: KINDS.PlanSync, namespace: NAMESPACE, name: "dc" };
/** Writes of a sync after which a process may be killed; a random number up to this. */
const LAST_WRITE = 200;
const LEASES = [
  { kind: KINDS.Lease, namespace: NAMESPACE, name: "spiderplan-operator" },
  { kind: KINDS.Lease, namespace: "kube-system", name: "spiderplan-writer" },
];

/**
 * Kills the operator's process at random moments of syncs of about 200 steps, with Pods that live through it, and looks
 * whether every address stays where it was and the next process converges.
 */
export async function killAgainAndAgain(options: KillOptions): Promise<KillReport> {
  const world = await KilledWorld.open(options.seed);
  try {
    return await world.run(options);
  } finally {
    await world.close();
  }
}

class KilledWorld {
  readonly #violations = new Set<string>();
  readonly #folder = mkdtempSync(join(tmpdir(), "spiderplan-kills-"));
  readonly #kubeconfig = join(this.#folder, "kubeconfig");
  #checks = 0;
  #operator: SpawnedOperator | undefined;
  /** Writes of pools until the operator is killed; undefined = it is not. */
  #writesLeft: number | undefined;
  #kill: () => void = () => {};
  #writes = 0;
  #cluster!: PlayedCluster;
  #git!: GitServer;
  #repository!: ServedRepository;

  private constructor(private readonly chance: Chance) {}

  static async open(seed: number): Promise<KilledWorld> {
    const world = new KilledWorld(chance(seed));
    world.#cluster = await playCluster({ intercept: ({ path }) => world.#seen(path) });
    writeFileSync(world.#kubeconfig, world.#cluster.kubeconfig);
    world.#git = await startGitServer({ basic: "spiderplan:s3cret-token" });
    world.#repository = world.#git.repository("plans");
    await world.#cluster.create(...world.#objects());
    return world;
  }

  async run({ count, onProgress = () => {} }: KillOptions): Promise<KillReport> {
    const started = Date.now();
    const steps: number[] = [];
    let converged = 0;
    await this.#cluster.create(...deployments());
    this.#start();
    await this.#reaches(this.#commit());
    await this.#cluster.settle();
    for (let kill = 1; kill <= count; kill++) {
      await this.#scale();
      this.#writes = 0;
      const at = this.chance.below(LAST_WRITE);
      const killed = this.#killAfter(at);
      const commit = this.#commit();
      // A sync that ends before is killed at rest.
      await Promise.race([killed, this.#reaches(commit).then(() => this.#kill())]);
      await killed;
      await this.#check();
      // A dead holder's Lease ends by itself after 15 s; every tenth time that is waited for.
      if (kill % 10 !== 0) await this.#expireLeases();
      this.#start();
      const failure = await this.#reaches(commit).then(
        () => undefined,
        (error: Error) => error.message,
      );
      if (failure === undefined) converged++;
      steps.push(this.#writes);
      await this.#check();
      const word = failure ?? "converged";
      onProgress(`kill ${kill} after write ${at} of ${this.#writes}: ${word}, ${this.#violations.size} violations`);
    }
    const pods = Object.values(await this.#cluster.addresses()).filter((address) => address !== "").length;
    const seconds = Math.round((Date.now() - started) / 1000);
    return { kills: count, converged, violations: [...this.#violations], checks: this.#checks, steps, pods, seconds };
  }

  async close(): Promise<void> {
    this.#operator?.signal("SIGKILL");
    await this.#operator?.gone;
    await this.#cluster.stop();
    await this.#git.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Before every write: every prefix of a sync is looked at, not only those a kill leaves. */
  async #seen(path: string): Promise<undefined> {
    if (path.includes("/leases") || path.includes("/events") || path.endsWith("/status")) return undefined;
    await this.#check();
    this.#writes++;
    if (this.#writesLeft === undefined || this.#writesLeft-- > 0) return undefined;
    this.#writesLeft = undefined;
    setTimeout(this.#kill, this.chance.below(15));
    return undefined;
  }

  async #check(): Promise<void> {
    this.#checks++;
    for (const line of await fixedRulesBroken(this.#cluster.actor, poolOfOwner)) this.#violations.add(line);
  }

  #start(): void {
    this.#operator = spawnOperator({
      kubeconfig: this.#kubeconfig,
      namespace: NAMESPACE,
      dataDir: join(this.#folder, "data"),
    });
  }

  /** Resolves when the process is dead; its writes are counted from now on. */
  async #killAfter(writes: number): Promise<void> {
    const operator = this.#operator!;
    this.#kill = () => operator.signal("SIGKILL");
    this.#writesLeft = writes;
    const end = await operator.gone;
    if (end !== "SIGKILL") throw new Error(`the operator ended with ${end}: ${operator.log.slice(-5).join("\n")}`);
  }

  #commit(): string {
    return this.#repository.commit({ "plan/plan.yaml": planOfCommit(this.chance) });
  }

  async #reaches(commit: string): Promise<void> {
    const end = Date.now() + 60_000;
    for (;;) {
      const { status } = await this.#cluster.actor.get(PLAN_SYNC);
      const { lastAppliedRevision, conditions = [] } = (status ?? {}) as PlanSyncStatus;
      const ready = conditions.find(({ type }) => type === "Ready");
      if (lastAppliedRevision === commit && ready?.status === "True") return;
      if (Date.now() > end) {
        const log = process.env.SHOW ? `\n${this.#operator!.log.slice(-40).join("\n")}` : "";
        throw new Error(`not at ${commit}: ${ready?.reason} ${ready?.message}${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Pods come and go while the operator works. */
  async #scale(): Promise<void> {
    for (const { metadata } of deployments()) {
      if (this.chance.below(2) === 0) continue;
      const ref = { kind: KINDS.Deployment, namespace: "default", name: metadata.name };
      await this.#cluster.actor.patch(ref, { spec: { replicas: 1 + this.chance.below(3) } });
    }
  }

  async #expireLeases(): Promise<void> {
    for (const lease of LEASES) {
      await this.#cluster.actor.patch(lease, { spec: { holderIdentity: null } }).catch(() => {});
    }
  }

  #objects(): KubeObject[] {
    const text = (value: string) => Buffer.from(value).toString("base64");
    return [
      object("Node", "node-a"),
      object("Namespace", NAMESPACE),
      {
        ...object("Secret", "git-credentials", NAMESPACE),
        metadata: {
          name: "git-credentials",
          namespace: NAMESPACE,
          annotations: { [OWN.repositories]: this.#repository.url },
        },
        data: {
          username: text("spiderplan"),
          password: text("s3cret-token"),
          "ca.crt": text(this.#git.authority.cert),
        },
      },
      {
        ...object("PlanSync", PLAN_SYNC.name, NAMESPACE),
        spec: {
          source: {
            repoURL: this.#repository.url,
            ref: { branch: "main" },
            path: "plan",
            interval: "5s",
            secretRef: { name: "git-credentials" },
          },
          sync: { mode: "automated", prune: true },
          lock: "cluster",
        },
      },
    ];
  }
}

function object(kind: "Node" | "Namespace" | "Secret" | "PlanSync", name: string, namespace?: string): KubeObject {
  return { apiVersion: KINDS[kind].apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } };
}
