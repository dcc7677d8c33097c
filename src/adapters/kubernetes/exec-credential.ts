import { spawn } from "node:child_process";
import path from "node:path";
import { ClusterError } from "../../core/cluster-error.js";
import type { ClusterEntry, ExecConfig } from "./kubeconfig.js";

/** What an exec plugin gave: at least a token or a client certificate. */
export interface ExecCredential {
  readonly token?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /** Milliseconds since 1970; undefined = as long as this process lives. */
  readonly expires?: number;
}

const PLUGIN_TIMEOUT = 60_000;
const OUTPUT_LIMIT = 1 << 20;

/**
 * Runs a credential plugin as kubectl does: KUBERNETES_EXEC_INFO in its environment, a command with a slash taken
 * relative to the kubeconfig's folder.
 * client-node's own runner sets no KUBERNETES_EXEC_INFO and runs a plugin without expiry anew for each request.
 * @throws ClusterError `Unauthorized`, never showing what the plugin printed on stdout.
 */
export async function runExecPlugin(
  exec: ExecConfig,
  cluster: ClusterEntry,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ExecCredential> {
  const command =
    exec.command.includes("/") && !path.isAbsolute(exec.command) ? path.join(folder, exec.command) : exec.command;
  const own = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]));
  const child = spawn(command, [...(exec.args ?? [])], {
    env: { ...env, ...own, KUBERNETES_EXEC_INFO: execInfo(exec, cluster) },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PLUGIN_TIMEOUT,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout = (stdout + text).slice(0, OUTPUT_LIMIT);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-2000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => reject(notStarted(exec, error)));
    child.once("close", resolve);
  });
  if (code !== 0) throw failed(exec, `ended with code ${code ?? "none (timeout)"}: ${stderr.trim() || "no message"}`);
  return readCredential(exec, stdout);
}

function readCredential(exec: ExecConfig, stdout: string): ExecCredential {
  let status: Record<string, unknown> | undefined;
  try {
    status = (JSON.parse(stdout) as { status?: Record<string, unknown> }).status;
  } catch {
    throw failed(exec, "printed no ExecCredential");
  }
  const text = (key: string) => (typeof status?.[key] === "string" ? (status[key] as string) : undefined);
  const token = text("token");
  const clientCertificate = text("clientCertificateData");
  if (token === undefined && clientCertificate === undefined) {
    throw failed(exec, "printed neither a token nor a client certificate");
  }
  const expires = Date.parse(text("expirationTimestamp") ?? "");
  return {
    token,
    clientCertificate,
    clientKey: text("clientKeyData"),
    expires: Number.isNaN(expires) ? undefined : expires,
  };
}

function execInfo(exec: ExecConfig, cluster: ClusterEntry): string {
  const info = {
    server: cluster.server,
    "tls-server-name": cluster.tlsServerName,
    "insecure-skip-tls-verify": cluster.skipTLSVerify || undefined,
    "certificate-authority-data": cluster.caData,
    "proxy-url": cluster.proxyUrl,
  };
  return JSON.stringify({
    apiVersion: exec.apiVersion ?? "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    spec: { interactive: false, ...(exec.provideClusterInfo ? { cluster: info } : {}) },
  });
}

function notStarted(exec: ExecConfig, error: NodeJS.ErrnoException): ClusterError {
  const hint = exec.installHint ? `\n${exec.installHint.trim()}` : "";
  const why = error.code === "ENOENT" ? "was not found" : `could not be started (${error.code ?? error.message})`;
  return failed(exec, `${why}${hint}`);
}

function failed(exec: ExecConfig, what: string): ClusterError {
  return new ClusterError("Unauthorized", `the credential plugin "${exec.command}" of the kubeconfig ${what}`, false);
}
