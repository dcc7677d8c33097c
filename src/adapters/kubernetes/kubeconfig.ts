import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { Cluster, Context, KubeConfig, User } from "@kubernetes/client-node";
import { ClusterError } from "../../core/cluster-error.js";

/** Where and as whom to connect, as the kubeconfig says. */
export interface KubeconfigTarget {
  /** Loaded by client-node, narrowed to one context; asked for headers and TLS material. */
  readonly config: KubeConfig;
  readonly cluster: Cluster;
  readonly user: User;
  readonly contextName: string;
  /** Base folder of relative paths inside the user's entry (exec commands). */
  readonly folder: string;
}

export interface KubeconfigOptions {
  /** One file, or several joined by the platform's path delimiter; absent = KUBECONFIG, ~/.kube/config, in-cluster. */
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

interface Loaded {
  readonly config: KubeConfig;
  readonly folder: string;
}

/**
 * Loads client-node (lazily: it costs half a second) and with it the kubeconfig kubectl would use.
 * @throws ClusterError `BadResponse` when there is none, it cannot be read, or it lacks the context.
 */
export async function loadKubeconfig(options: KubeconfigOptions): Promise<KubeconfigTarget> {
  const client = await import("@kubernetes/client-node");
  const env = options.env ?? process.env;
  const files = kubeconfigFiles(options.kubeconfig, env);
  const loaded = files.map((file) => loadFile(file, () => new client.KubeConfig()));
  if (loaded.length === 0) return inCluster(new client.KubeConfig(), env, options.context);
  return select(loaded, options.context);
}

/** The files kubectl would read, in its order; of several, missing ones are passed over as kubectl does. */
function kubeconfigFiles(given: string | undefined, env: Readonly<Record<string, string | undefined>>): string[] {
  const text = given || env.KUBECONFIG;
  if (text) {
    const files = text.split(path.delimiter).filter((file) => file !== "");
    const present = files.filter((file) => existsSync(file));
    if (present.length === 0) throw unusable(`kubeconfig ${files.join(", ")} does not exist`);
    return present;
  }
  const standard = path.join(env.HOME ?? homedir(), ".kube", "config");
  return existsSync(standard) ? [standard] : [];
}

function loadFile(file: string, make: () => KubeConfig): Loaded {
  const config = make();
  const folder = path.dirname(path.resolve(file));
  try {
    // client-node 1.4 drops `tokenFile`; under the key it passes through untouched we get the path back below.
    const text = readFileSync(file, "utf8").replace(/(^|[\s{,"'])tokenFile(["']?\s*:)/gm, "$1auth-provider$2");
    config.loadFromString(text);
    config.makePathsAbsolute(folder);
  } catch (error) {
    throw unusable(`kubeconfig ${file} cannot be read: ${firstLine(error)}`);
  }
  for (const user of config.users) restoreTokenFile(user, folder);
  return { config, folder };
}

function restoreTokenFile(user: User, folder: string): void {
  const provider: unknown = user.authProvider;
  if (typeof provider !== "string") return;
  Object.assign(user, { authProvider: { name: "tokenFile", config: { tokenFile: path.resolve(folder, provider) } } });
  // Kubernetes: a tokenFile wins over a token beside it.
  Object.assign(user, { token: undefined });
}

/** Merges as kubectl does: for every name, and for the current context, the first file that says it wins. */
function select(loaded: readonly Loaded[], wanted: string | undefined): KubeconfigTarget {
  const contextName = wanted ?? loaded.map(({ config }) => config.getCurrentContext()).find(Boolean);
  if (!contextName) throw unusable("the kubeconfig names no current context; give one with --context");
  const context = first(loaded, ({ config }) => config.contexts.find(({ name }) => name === contextName));
  if (context === undefined) {
    const names = loaded.flatMap(({ config }) => config.contexts.map(({ name }) => name));
    const known = names.length > 0 ? `it has ${names.join(", ")}` : "it has none";
    throw unusable(`the kubeconfig has no context "${contextName}"; ${known}`);
  }
  const cluster = first(loaded, ({ config }) => config.clusters.find(({ name }) => name === context.value.cluster));
  if (cluster === undefined) {
    throw unusable(`context "${contextName}" names cluster "${context.value.cluster}", which the kubeconfig lacks`);
  }
  const user = first(loaded, ({ config }) => config.users.find(({ name }) => name === context.value.user));
  if (user === undefined && context.value.user) {
    throw unusable(`context "${contextName}" names user "${context.value.user}", which the kubeconfig lacks`);
  }
  const folder = user?.from.folder ?? cluster.from.folder;
  // A context without a user is anonymous; client-node would then pass over the cluster's CA as well.
  return narrow(cluster.from.config, cluster.value, user?.value ?? { name: "" }, context.value, folder);
}

function first<T>(
  loaded: readonly Loaded[],
  find: (one: Loaded) => T | undefined,
): { value: T; from: Loaded } | undefined {
  for (const from of loaded) {
    const value = find(from);
    if (value !== undefined) return { value, from };
  }
  return undefined;
}

function narrow(config: KubeConfig, cluster: Cluster, user: User, context: Context, folder: string): KubeconfigTarget {
  const own = { ...context, user: user.name };
  config.loadFromOptions({ clusters: [cluster], users: [user], contexts: [own], currentContext: context.name });
  return { config, cluster, user, contextName: context.name, folder };
}

function inCluster(
  config: KubeConfig,
  env: Readonly<Record<string, string | undefined>>,
  wanted: string | undefined,
): KubeconfigTarget {
  if (!env.KUBERNETES_SERVICE_HOST) {
    throw unusable("no kubeconfig found: set KUBECONFIG, give --kubeconfig, or work on a file with --snapshot");
  }
  config.loadFromCluster();
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster === null || user === null || wanted !== undefined) {
    throw unusable(`no kubeconfig found that could have context "${wanted ?? ""}"`);
  }
  return { config, cluster, user, contextName: config.getCurrentContext(), folder: "/" };
}

function unusable(message: string): ClusterError {
  return new ClusterError("BadResponse", message, false);
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split("\n")[0]!;
}
