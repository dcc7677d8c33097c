import { readFileSync } from "node:fs";
import { ClusterError } from "../../core/cluster-error.js";
import type { Place } from "./api-error.js";
import { Credentials } from "./credentials.js";
import { KubeCluster } from "./kube-cluster.js";
import { loadKubeconfig } from "./kubeconfig.js";
import { TIMEOUTS, type Timeouts, Transport } from "./transport.js";

export interface ConnectOptions {
  /** One file, or several joined by the path delimiter; absent = as kubectl finds it, else in-cluster. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Told each `Warning:` of the API server once. */
  readonly onWarning?: (text: string) => void;
  /** The environment to find the kubeconfig with, handed to credential plugins. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Reads YAML kubeconfigs; without it client-node does, which takes half a second to load. */
  readonly parseYaml?: (text: string) => unknown;
  readonly timeouts?: Partial<Timeouts>;
  /** Ends the wait for a kubeconfig that is a pipe. */
  readonly signal?: AbortSignal;
}

/**
 * Connects to the API server a kubeconfig names; no request is sent yet.
 * @throws ClusterError when the kubeconfig cannot be used.
 */
export async function connect(options: ConnectOptions = {}): Promise<KubeCluster> {
  const env = options.env ?? process.env;
  const { kubeconfig, context, parseYaml, signal } = options;
  const target = await loadKubeconfig({ kubeconfig, context, parseYaml, env, signal });
  const place: Place = {
    server: bare(target.cluster.server, "server"),
    context: target.contextName,
    proxy: target.cluster.proxyUrl && bare(target.cluster.proxyUrl, "proxy-url"),
  };
  const transport = new Transport(target.cluster, new Credentials(target, env), place, {
    userAgent: `spiderplan/${version()}`,
    timeouts: { ...TIMEOUTS, ...options.timeouts },
    onWarning: options.onWarning,
  });
  return new KubeCluster(transport);
}

/** A URL without user, password and query, for messages. */
function bare(text: string, field: string): string {
  try {
    const url = new URL(text);
    return url.origin === "null" ? `${url.protocol}//${url.host}` : url.origin + url.pathname.replace(/\/$/, "");
  } catch {
    throw new ClusterError("BadResponse", `the kubeconfig's ${field} is not a URL`, false);
  }
}

function version(): string {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
