import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import type { KubeCluster } from "../../src/adapters/kubernetes/kube-cluster.js";
import { isClusterError } from "../../src/core/cluster-error.js";
import { KINDS, type Kind, type KubeObject } from "../../src/core/spiderpool/objects.js";
import { customResourceDefinitions } from "../../src/core/spiderpool/structural.js";
import { PROJECT } from "./cli.js";
import { clusterObjects } from "./examples.js";
import { type Authority, makeAuthority } from "./openssl.js";

/** A real Kubernetes control plane on loopback, without kubelet: etcd, kube-apiserver and, if there, the others. */
export interface RealCluster {
  readonly server: string;
  /** File of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** An administrator's connection. */
  readonly actor: KubeCluster;
  /** Whether controller manager and scheduler run (setup-envtest brings neither). */
  readonly controllers: boolean;
  /** Its version: 1.`minor`. */
  readonly minor: number;
  /** Signs certificates the API server trusts for clients. */
  readonly authority: Authority;
  /** Kills the API server as a crash does, starts it again, and waits until it is ready. */
  restartApiServer(): Promise<void>;
  /** Takes one object out of etcd, past the API server: finalizers, admission and preconditions see nothing of it. */
  wipe(kind: Kind, name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Why the cluster suite cannot run here, or undefined. */
export function skipReason(): string | undefined {
  const assets = process.env.KUBEBUILDER_ASSETS;
  if (!assets) return "KUBEBUILDER_ASSETS is not set";
  const missing = ["etcd", "kube-apiserver"].filter((name) => !existsSync(path.join(assets, name)));
  return missing.length === 0 ? undefined : `KUBEBUILDER_ASSETS lacks ${missing.join(", ")}`;
}

/** The version of the kube-apiserver at hand: 1.`minor`. */
export function serverMinor(): number {
  const server = path.join(process.env.KUBEBUILDER_ASSETS!, "kube-apiserver");
  return Number(/v1\.(\d+)/.exec(execFileSync(server, ["--version"], { encoding: "utf8" }))?.[1] ?? 0);
}

const CRD: Kind = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
};

/** Starts one, with Spiderpool's kinds installed and the given nodes Ready. */
export async function startRealCluster(options: { nodes?: readonly KubeObject[] } = {}): Promise<RealCluster> {
  const plane = new ControlPlane(process.env.KUBEBUILDER_ASSETS!);
  try {
    return await plane.start(options.nodes ?? []);
  } catch (error) {
    const log = plane.lastLog();
    await plane.stop();
    throw new Error(`the control plane did not start: ${error instanceof Error ? error.message : error}\n${log}`);
  }
}

class ControlPlane {
  readonly #folder = mkdtempSync(path.join(tmpdir(), "spiderplan-envtest-"));
  readonly #children: ChildProcess[] = [];
  #actor: KubeCluster | undefined;

  /** Also when the test run is ended before it could clean up, or a worker with what its files share. */
  readonly #kill = () => {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  };
  readonly #exit = () => process.exit();

  constructor(private readonly assets: string) {
    process.once("exit", this.#kill).once("SIGTERM", this.#exit).once("disconnect", this.#exit);
  }

  async start(nodes: readonly KubeObject[]): Promise<RealCluster> {
    const authority = makeAuthority(path.join(this.#folder, "pki"));
    const [clients, peers, port] = await freePorts(3);
    this.#startEtcd(clients!, peers!);
    const server = `https://127.0.0.1:${port}`;
    const minor = serverMinor();
    let apiServer = this.#startApiServer(authority, clients!, port!);
    const kubeconfig = this.#kubeconfig(server, authority);
    this.#actor = await connect({ kubeconfig });
    await until("the API server is ready", () => ready(this.#actor!), 180);
    const controllers = ["kube-controller-manager", "kube-scheduler"].every((name) => this.#has(name));
    if (controllers) this.#startControllers(kubeconfig, minor < 24);
    await installKinds(this.#actor);
    for (const node of nodes) await addNode(this.#actor, node);
    const restartApiServer = async () => {
      const gone = new Promise((resolve) => apiServer.once("exit", resolve));
      apiServer.kill("SIGKILL");
      await gone;
      apiServer = this.#startApiServer(authority, clients!, port!);
      await until("the API server is ready again", () => ready(this.#actor!));
      // Custom objects are served a moment later.
      await until("custom objects are served again", async () => !!(await this.#actor!.list(KINDS.SpiderIPPool)));
    };
    return {
      ...{ server, kubeconfig, actor: this.#actor, controllers, minor, authority, restartApiServer },
      wipe: (kind, name) => wipe(`http://127.0.0.1:${clients}`, kind, name),
      stop: () => this.stop(),
    };
  }

  async stop(): Promise<void> {
    await this.#actor?.close();
    // Front to back, so that nobody logs about a vanished server.
    for (const child of this.#children.splice(0).reverse()) await end(child);
    rmSync(this.#folder, { recursive: true, force: true });
    process.off("exit", this.#kill).off("SIGTERM", this.#exit).off("disconnect", this.#exit);
  }

  lastLog(): string {
    const logs = ["etcd", "kube-apiserver"].map((name) => path.join(this.#folder, `${name}.log`));
    return logs.map((file) => (existsSync(file) ? readFileSync(file, "utf8").slice(-2000) : "")).join("\n");
  }

  #startEtcd(clients: number, peers: number): void {
    const [client, peer] = [`http://127.0.0.1:${clients}`, `http://127.0.0.1:${peers}`];
    this.#run("etcd", [
      `--data-dir=${path.join(this.#folder, "etcd")}`,
      "--unsafe-no-fsync",
      "--quota-backend-bytes=8589934592",
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ]);
  }

  #startApiServer(authority: Authority, etcd: number, port: number): ChildProcess {
    const serving = authority.issue("kube-apiserver", { names: ["IP:127.0.0.1", "DNS:localhost"] });
    const tokens = authority.issue("service-accounts");
    return this.#run("kube-apiserver", [
      `--etcd-servers=http://127.0.0.1:${etcd}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${port}`,
      `--cert-dir=${this.#folder}`,
      `--tls-cert-file=${serving.certFile}`,
      `--tls-private-key-file=${serving.keyFile}`,
      `--client-ca-file=${authority.certFile}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-signing-key-file=${tokens.keyFile}`,
      `--service-account-key-file=${tokens.keyFile}`,
      "--service-cluster-ip-range=10.96.0.0/16",
      "--authorization-mode=RBAC",
      "--disable-admission-plugins=ServiceAccount",
    ]);
  }

  #startControllers(kubeconfig: string, old: boolean): void {
    // Without a kubelet no Node sends heartbeats: the node lifecycle controller would evict every Pod.
    const wanted = "deployment,replicaset,statefulset,daemonset,job,namespace,garbagecollector";
    const common = [
      `--kubeconfig=${kubeconfig}`,
      "--leader-elect=false",
      "--secure-port=0",
      ...(old ? ["--port=0"] : []),
    ];
    this.#run("kube-controller-manager", [...common, `--controllers=${wanted}`]);
    this.#run("kube-scheduler", common);
  }

  #kubeconfig(server: string, authority: Authority): string {
    const { certFile, keyFile } = authority.issue("admin", { groups: ["system:masters"] });
    const file = path.join(this.#folder, "kubeconfig");
    const cluster = { server, "certificate-authority": authority.certFile };
    const user = { "client-certificate": certFile, "client-key": keyFile };
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "real",
      clusters: [{ name: "real", cluster }],
      users: [{ name: "admin", user }],
      contexts: [{ name: "real", context: { cluster: "real", user: "admin" } }],
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  #has(name: string): boolean {
    return existsSync(path.join(this.assets, name));
  }

  #run(name: string, args: readonly string[]): ChildProcess {
    const log = openSync(path.join(this.#folder, `${name}.log`), "a");
    const child = spawn(path.join(this.assets, name), args, { stdio: ["ignore", log, log] });
    this.#children.push(child);
    return child;
  }
}

/** etcd's JSON gateway; a key is where the API server keeps a cluster-wide custom object. */
async function wipe(etcd: string, { apiVersion, plural }: Kind, name: string): Promise<void> {
  const key = `/registry/${apiVersion.split("/")[0]}/${plural}/${name}`;
  const body = JSON.stringify({ key: Buffer.from(key).toString("base64") });
  const answer = await fetch(`${etcd}/v3/kv/deleterange`, { method: "POST", body });
  const { deleted } = (await answer.json()) as { deleted?: string };
  if (deleted !== "1") throw new Error(`etcd deleted ${deleted ?? "nothing"} at ${key}`);
}

async function ready(actor: KubeCluster): Promise<boolean> {
  const wanted = ["default", "kube-system"].map((name) => actor.get({ kind: KINDS.Namespace, name }));
  return (await Promise.allSettled(wanted)).every(({ status }) => status === "fulfilled");
}

/** A third-party workload of the examples, of which only the Pod template matters. */
const CLONE_SET = {
  apiVersion: CRD.apiVersion,
  kind: CRD.kind,
  metadata: {
    name: "clonesets.apps.kruise.io",
    annotations: { "api-approved.kubernetes.io": "unapproved, for tests" },
  },
  spec: {
    group: "apps.kruise.io",
    scope: "Namespaced",
    names: { kind: "CloneSet", plural: "clonesets", singular: "cloneset", listKind: "CloneSetList" },
    versions: [
      {
        name: "v1alpha1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};

/** Spiderpool's own manifests where they are at hand, else our description of them; PlanSync and CloneSet. */
function definitions(): KubeObject[] {
  const folder = fileURLToPath(new URL("../../../shared/spiderpool-crds/", import.meta.url));
  const others = [...clusterObjects([`${PROJECT}/deploy/crds/plansyncs.spiderplan.io.yaml`]), CLONE_SET];
  if (!existsSync(folder)) return [...customResourceDefinitions(), ...others];
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  return [...clusterObjects(files.map((name) => folder + name)), ...others];
}

/**
 * An old API server built with a new Go takes an empty text in a custom object for null (go-openapi compares pointers
 * to the zero value) and refuses it where a text is asked for; Spiderpool stores empty texts (M14). `nullable` lets
 * them through, as newer servers do anyway.
 */
function lenient(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(lenient);
  if (typeof schema !== "object" || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, lenient(value)]));
  const mayBeEmpty = copy.enum === undefined && copy.minLength === undefined && copy.pattern === undefined;
  return copy.type === "string" && mayBeEmpty && copy.jsonPath === undefined ? { ...copy, nullable: true } : copy;
}

async function installKinds(actor: KubeCluster): Promise<void> {
  const crds = definitions().map((crd) => lenient(crd) as KubeObject);
  for (const crd of crds) await actor.create(crd, CRD);
  const names = new Set(crds.map(({ spec }) => (spec as { names: { kind: string } }).names.kind));
  const kinds = Object.values(KINDS).filter(({ kind }) => names.has(kind));
  await until("the kinds are served", async () => (await actor.served(kinds)).size === kinds.length);
}

/** Makes a Node as a kubelet would register it: Ready, with room for Pods. */
export async function addNode(actor: KubeCluster, node: KubeObject): Promise<void> {
  const created = await actor.create({ ...node, status: undefined }, KINDS.Node);
  const ref = { kind: KINDS.Node, name: node.metadata.name };
  // The API server taints new Nodes as not ready.
  await actor.patch(ref, { spec: { taints: null } });
  const room = { cpu: "32", memory: "64Gi", pods: "500" };
  const conditions = [{ type: "Ready", status: "True", reason: "KubeletReady", message: "played" }];
  const status = { capacity: room, allocatable: room, conditions, ...(node.status as object | undefined) };
  const { resourceVersion } = (await actor.get(ref)).metadata;
  await actor.replaceStatus({ ...created, metadata: { ...created.metadata, resourceVersion }, status }, KINDS.Node);
}

/** Polls until something holds; calls the cluster refuses meanwhile count as not yet. */
export async function until(what: string, holds: () => Promise<boolean>, seconds = 60): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const held = await holds().catch((error: unknown) => {
      if (isClusterError(error)) return false;
      throw error;
    });
    if (held) return;
    if (Date.now() > deadline) throw new Error(`after ${seconds} s it is not true that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await gone;
  clearTimeout(timer);
}

/**
 * Ports that were free a moment ago. They are below those that Linux gives outgoing connections: with several clusters
 * at once one of these could take such a port before the server that it is for.
 */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listening));
  const ports = servers.map((one) => (one.address() as { port: number }).port);
  await Promise.all(servers.map((one) => new Promise((resolve) => one.close(resolve))));
  return ports;
}

async function listening(): Promise<Server> {
  for (;;) {
    const server = createServer();
    const bound = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(randomInt(20_000, 32_000), "127.0.0.1", () => resolve(true));
    });
    if (bound) return server;
  }
}
