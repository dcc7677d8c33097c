import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { ClusterError } from "../../core/cluster-error.js";
import { readGivenFile } from "../files/given-files.js";
import { UnsafePath } from "../files/safe-files.js";

/** A cluster of a kubeconfig; files are absolute. */
export interface ClusterEntry {
  readonly name: string;
  readonly server: string;
  readonly caFile?: string;
  readonly caData?: string;
  readonly skipTLSVerify: boolean;
  readonly tlsServerName?: string;
  readonly proxyUrl?: string;
}

/** A user's `exec` entry (client.authentication.k8s.io). */
export interface ExecConfig {
  readonly apiVersion?: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
}

/** A user of a kubeconfig; files are absolute. */
export interface UserEntry {
  readonly name: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly certFile?: string;
  readonly certData?: string;
  readonly keyFile?: string;
  readonly keyData?: string;
  readonly exec?: ExecConfig;
  /** One of the built-in providers (oidc, gcp, azure): client-node knows them. */
  readonly authProvider?: object;
  readonly impersonate: Readonly<Record<string, string | string[]>>;
}

/** Where and as whom to connect, as the kubeconfig says. */
export interface KubeconfigTarget {
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
  readonly contextName: string;
  /** Base folder of relative commands of credential plugins. */
  readonly folder: string;
}

export interface KubeconfigOptions {
  /** One file, or several joined by the platform's path delimiter; absent = KUBECONFIG, ~/.kube/config, in-cluster. */
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly parseYaml?: (text: string) => unknown;
  /** Ends the wait for a file that is a pipe. */
  readonly signal?: AbortSignal;
}

/** A kubeconfig file as it is written. */
interface RawConfig {
  readonly "current-context"?: string;
  readonly clusters?: readonly Named<"cluster">[] | null;
  readonly users?: readonly Named<"user">[] | null;
  readonly contexts?: readonly Named<"context">[] | null;
}
type Named<K extends string> = { readonly name: string } & { readonly [key in K]?: Fields | null };
type Fields = Readonly<Record<string, unknown>>;

interface Loaded {
  readonly config: RawConfig;
  readonly folder: string;
}

/** Those of a thousand clusters have a tenth of it. */
const MOST_BYTES = 16_000_000;

/** Where Kubernetes mounts the credentials of a Pod. */
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Reads the kubeconfig kubectl would use.
 * @throws ClusterError `BadResponse` when there is none, it cannot be read, or it lacks the context.
 */
export async function loadKubeconfig(options: KubeconfigOptions): Promise<KubeconfigTarget> {
  const files = kubeconfigFiles(options.kubeconfig, options.env);
  if (files.length === 0) return inCluster(options.env, options.context);
  const loaded: Loaded[] = [];
  for (const file of files) loaded.push(await loadFile(file, options));
  return select(loaded, options.context);
}

/** The files kubectl would read, in its order; of several, missing ones are passed over as kubectl does. */
function kubeconfigFiles(given: string | undefined, env: KubeconfigOptions["env"]): string[] {
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

async function loadFile(file: string, { parseYaml, signal }: KubeconfigOptions): Promise<Loaded> {
  let config: unknown;
  try {
    const text = await readGivenFile(file, MOST_BYTES, signal);
    if (text.trimStart().startsWith("{")) config = JSON.parse(text);
    else config = parseYaml === undefined ? await parseByClient(text) : parseYaml(text);
  } catch (error) {
    if (error instanceof UnsafePath) throw unusable(`kubeconfig ${file} ${error.what}`);
    throw unusable(`kubeconfig ${file} cannot be read: ${withoutContent(error)}`);
  }
  if (typeof config !== "object" || config === null) throw unusable(`kubeconfig ${file} is empty`);
  return { config, folder: path.dirname(path.resolve(file)) };
}

/** Where nobody brings a YAML parser, the one inside client-node does. */
async function parseByClient(text: string): Promise<unknown> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const client = new KubeConfig();
  // client-node 1.4 drops `tokenFile`; under a key it passes through untouched it comes back.
  client.loadFromString(text.replace(/(^|[\s{,"'])tokenFile(["']?\s*:)/gm, "$1auth-provider$2"));
  return JSON.parse(client.exportConfig());
}

/** Merges as kubectl does: for every name, and for the current context, the first file that says it wins. */
function select(loaded: readonly Loaded[], wanted: string | undefined): KubeconfigTarget {
  const contextName = wanted ?? loaded.map(({ config }) => config["current-context"]).find(Boolean);
  if (!contextName) throw unusable("the kubeconfig names no current context; give one with --context");
  const context = first(loaded, "contexts", contextName);
  if (context === undefined) {
    const names = loaded.flatMap(({ config }) => (config.contexts ?? []).map(({ name }) => name));
    const known = names.length > 0 ? `it has ${names.join(", ")}` : "it has none";
    throw unusable(`the kubeconfig has no context "${contextName}"; ${known}`);
  }
  const { cluster: clusterName, user: userName } = (context.entry.context ?? {}) as { cluster?: string; user?: string };
  const cluster = clusterName === undefined ? undefined : first(loaded, "clusters", clusterName);
  if (cluster === undefined) {
    throw unusable(`context "${contextName}" names cluster "${clusterName}", which the kubeconfig lacks`);
  }
  const user = userName ? first(loaded, "users", userName) : undefined;
  if (user === undefined && userName) {
    throw unusable(`context "${contextName}" names user "${userName}", which the kubeconfig lacks`);
  }
  return {
    cluster: clusterEntry(cluster.entry.name, cluster.entry.cluster ?? {}, cluster.folder),
    user: userEntry(userName ?? "", user?.entry.user ?? {}, user?.folder ?? cluster.folder),
    contextName,
    folder: user?.folder ?? cluster.folder,
  };
}

function first<K extends "clusters" | "users" | "contexts">(loaded: readonly Loaded[], list: K, name: string) {
  for (const { config, folder } of loaded) {
    const entries = (config[list] ?? []) as readonly NonNullable<RawConfig[K]>[number][];
    const entry = entries.find((one) => one.name === name);
    if (entry !== undefined) return { entry, folder };
  }
  return undefined;
}

function clusterEntry(name: string, fields: Fields, folder: string): ClusterEntry {
  const server = text(fields.server);
  if (server === undefined) throw unusable(`cluster "${name}" of the kubeconfig has no server`);
  return {
    name,
    server,
    caFile: file(fields["certificate-authority"], folder),
    caData: text(fields["certificate-authority-data"]),
    skipTLSVerify: fields["insecure-skip-tls-verify"] === true,
    tlsServerName: text(fields["tls-server-name"]),
    proxyUrl: text(fields["proxy-url"]),
  };
}

function userEntry(name: string, fields: Fields, folder: string): UserEntry {
  const provider = fields["auth-provider"];
  const named = provider as { config?: { tokenFile?: unknown } } | null | undefined;
  const moved = typeof provider === "string" ? provider : named?.config?.tokenFile;
  return {
    name,
    token: text(fields.token),
    tokenFile: file(fields.tokenFile ?? fields["token-file"] ?? moved, folder),
    username: text(fields.username),
    password: text(fields.password),
    certFile: file(fields["client-certificate"], folder),
    certData: text(fields["client-certificate-data"]),
    keyFile: file(fields["client-key"], folder),
    keyData: text(fields["client-key-data"]),
    exec: (fields.exec as ExecConfig | null | undefined) ?? undefined,
    authProvider: moved === undefined && typeof provider === "object" && provider !== null ? provider : undefined,
    impersonate: impersonation(fields),
  };
}

/** `as`, `as-groups`, `as-uid` and `as-user-extra` as the headers the API server reads. */
function impersonation(fields: Fields): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  const [user, uid] = [text(fields.as), text(fields["as-uid"])];
  if (user !== undefined) headers["impersonate-user"] = user;
  if (uid !== undefined) headers["impersonate-uid"] = uid;
  if (Array.isArray(fields["as-groups"])) headers["impersonate-group"] = fields["as-groups"].map(String);
  for (const [key, values] of Object.entries((fields["as-user-extra"] ?? {}) as Record<string, string[]>)) {
    headers[`impersonate-extra-${encodeURIComponent(key).toLowerCase()}`] = values;
  }
  return headers;
}

function inCluster(env: KubeconfigOptions["env"], wanted: string | undefined): KubeconfigTarget {
  const [host, port] = [env.KUBERNETES_SERVICE_HOST, env.KUBERNETES_SERVICE_PORT];
  if (!host || !port || wanted !== undefined) {
    const context = wanted === undefined ? "" : ` that could have context "${wanted}"`;
    throw unusable(
      `no kubeconfig found${context}: set KUBECONFIG, give --kubeconfig, or work on a file with --snapshot`,
    );
  }
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return {
    cluster: { name: "in-cluster", server, caFile: `${SERVICE_ACCOUNT}/ca.crt`, skipTLSVerify: false },
    user: { name: "service-account", tokenFile: `${SERVICE_ACCOUNT}/token`, impersonate: {} },
    contextName: "in-cluster",
    folder: "/",
  };
}

function text(value: unknown): string | undefined {
  return value === undefined || value === null || value === "" ? undefined : String(value);
}

function file(value: unknown, folder: string): string | undefined {
  const name = text(value);
  return name === undefined ? undefined : path.resolve(folder, name);
}

function unusable(message: string): ClusterError {
  return new ClusterError("BadResponse", message, false);
}

/** Parsers quote what they could not read, and in a kubeconfig that may be a secret. */
function withoutContent(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (code !== undefined && /^E[A-Z]+$/.test(code)) return code;
  const place = /\b(?:at )?line \d+(?:, column \d+)?|\(\d+:\d+\)/.exec(message ?? "");
  return `it is not valid YAML or JSON${place ? ` (${place[0].replace(/[()]/g, "")})` : ""}`;
}
