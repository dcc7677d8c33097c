import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type EmbeddedCluster, startEmbeddedCluster } from "../adapters/embedded/embedded-cluster.js";
import { parseYamlDocuments } from "../adapters/plan-files/yaml.js";
import { resolveFacts } from "../core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderEndpoint } from "../core/spiderpool/objects.js";
import { startAgent } from "../players/agent.js";
import { startController } from "../players/controller.js";
import { type Player, settleAll } from "../players/player.js";
import { systemClock } from "./clock.js";
import { CliError, type Io, type RunLine } from "./io.js";

const EXAMPLE = fileURLToPath(new URL("../../examples/demo", import.meta.url));

const IDENTITY = ["-c", "user.name=demo", "-c", "user.email=demo@spiderplan.invalid", "-c", "commit.gpgsign=false"];

/** What a command line printed and how it ended. */
export interface Shown {
  readonly code: number;
  readonly text: string;
}

/** A Pod of the story. */
export interface DemoPod {
  readonly name: string;
  readonly address: string;
}

/** A temporary repository of the demo's plan, and the embedded cluster it is for. */
export class DemoStage {
  readonly #players: readonly Player[];

  private constructor(
    readonly io: Io,
    readonly again: RunLine,
    readonly folder: string,
    readonly cluster: EmbeddedCluster,
  ) {
    const facts = resolveFacts({}, {});
    this.#players = [
      startController(cluster.actor, systemClock, { kubernetes: true, facts }),
      startAgent(cluster.actor, systemClock, { facts }),
    ];
  }

  /** Copies the example, commits it, and starts a cluster that holds its workloads. */
  static async open(io: Io, again: RunLine, port: number | undefined): Promise<DemoStage> {
    const folder = await mkdtemp(join(tmpdir(), "spiderplan-demo-"));
    await cp(join(EXAMPLE, "plan"), join(folder, "plan"), { recursive: true });
    const objects = parseYamlDocuments(await readFile(join(EXAMPLE, "cluster.yaml"), "utf8")) as KubeObject[];
    const cluster = await startEmbeddedCluster({ objects, ...(port === undefined ? {} : { port }) }).catch(
      async (error: NodeJS.ErrnoException) => {
        await rm(folder, { recursive: true, force: true });
        if (error.code !== "EADDRINUSE" && error.code !== "EACCES") throw error;
        const why = error.code === "EACCES" ? "may not be used by you" : "is taken";
        throw new CliError(`port ${port} of this machine ${why}; name another with --port, or none for a free one`);
      },
    );
    const stage = new DemoStage(io, again, folder, cluster);
    await writeFile(stage.kubeconfig, cluster.kubeconfig);
    await stage.#git("init", "--quiet", "--initial-branch=main");
    await stage.#git("add", "plan");
    await stage.#git("commit", "--quiet", "-m", "Plan the network of the shop");
    await stage.settle();
    return stage;
  }

  get kubeconfig(): string {
    return join(this.folder, "kubeconfig");
  }

  /** Runs spiderplan as a user would, shows the command line and all it prints. */
  async spiderplan(...argv: string[]): Promise<Shown> {
    const { io } = this;
    io.stdout.write(`\n$ spiderplan ${argv.join(" ")}\n`);
    let text = "";
    const both = {
      write: (part: string) => {
        text += part;
        io.stdout.write(part);
      },
    };
    const own = Object.entries(io.env).filter(([name]) => !name.startsWith("SPIDERPLAN_"));
    const env = { ...Object.fromEntries(own), KUBECONFIG: this.kubeconfig };
    const code = await this.again(argv, { ...io, stdout: both, stderr: both, env, cwd: this.folder });
    if (code !== 0) io.stdout.write(`(exit code ${code})\n`);
    await this.settle();
    return { code, text };
  }

  /** Replaces a text in a plan file, does what belongs to it, commits, and shows the commit. */
  async commit(message: string, file: string, from: string, to: string, then?: () => Promise<Shown>): Promise<void> {
    const path = join(this.folder, "plan", file);
    await writeFile(path, (await readFile(path, "utf8")).replace(from, to));
    await then?.();
    await this.commitAll(message);
    await this.showGit("show", "--oneline", "--unified=0", "--no-color");
  }

  async commitAll(message: string): Promise<void> {
    await this.#git("add", "plan");
    await this.#git("commit", "--quiet", "-m", message);
  }

  async showGit(...argv: string[]): Promise<void> {
    this.io.stdout.write(`\n$ git ${argv.filter((argument) => argument !== "--no-color").join(" ")}\n`);
    this.io.stdout.write(await this.#git(...argv));
  }

  /** Scales a Deployment as its team would, outside of spiderplan. */
  async scale(name: string, replicas: number): Promise<void> {
    const ref = { kind: KINDS.Deployment, namespace: "shop", name };
    await this.cluster.actor.patch(ref, { spec: { replicas } });
    await this.settle();
  }

  /** Pods of a Deployment with their addresses, "" where there is none yet. */
  async pods(deployment: string): Promise<DemoPod[]> {
    const { items } = await this.cluster.actor.list(KINDS.Pod, {
      namespace: "shop",
      labelSelector: `app=${deployment}`,
    });
    const endpoints = await this.cluster.actor.list(KINDS.SpiderEndpoint, { namespace: "shop" });
    const pods = items.map(({ metadata }) => {
      const own = endpoints.items.find((one) => one.metadata.name === metadata.name) as SpiderEndpoint | undefined;
      return { name: metadata.name, address: own?.status?.current?.ips[0]?.ipv4?.split("/")[0] ?? "" };
    });
    return pods.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What the kubelet says about Pods that do not start. */
  async complaints(): Promise<string[]> {
    const { items } = await this.cluster.actor.list(KINDS.Event, { namespace: "shop" });
    return [...new Set(items.map((event) => (event as KubeObject & { message: string }).message))];
  }

  async settle(): Promise<void> {
    await settleAll(...this.#players);
  }

  async close(): Promise<void> {
    await Promise.all(this.#players.map((player) => player.stop()));
    await this.cluster.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #git(...argv: string[]): Promise<string> {
    const env = { ...this.io.env, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
    try {
      return (await promisify(execFile)("git", [...IDENTITY, ...argv], { cwd: this.folder, env })).stdout;
    } catch (error) {
      throw new CliError(`the demo needs git: ${(error as Error).message}`);
    }
  }
}
