import { ClusterError } from "../../core/cluster-error.js";
import { readGivenFile } from "../files/given-files.js";
import { UnsafePath } from "../files/safe-files.js";
import { loadProvider, type Provider } from "./auth-provider.js";
import { type ExecCredential, runExecPlugin } from "./exec-credential.js";
import type { KubeconfigTarget } from "./kubeconfig.js";

/** What TLS needs to know; a change of it needs new connections. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** All that authenticates one request. */
export interface Credential {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly tls: TlsMaterial;
}

/** Files (tokens, certificates) are read again this often, as client-go does. */
const REREAD_MS = 60_000;
/** A plugin's credential is renewed this long before it ends. */
const EXPIRY_SLACK_MS = 10_000;
/** Of a token or certificates. */
const MOST_BYTES = 16_000_000;

/** The credentials of one kubeconfig user, kept fresh; one refresh at a time. */
export class Credentials {
  #current: Credential | undefined;
  #validUntil = 0;
  #refresh: Promise<Credential> | undefined;
  #plugin: ExecCredential | undefined;
  #provider: Provider | undefined;

  constructor(
    private readonly target: KubeconfigTarget,
    private readonly env: Readonly<Record<string, string | undefined>>,
  ) {}

  /** What to send now. */
  async get(): Promise<Credential> {
    return this.#current !== undefined && Date.now() < this.#validUntil ? this.#current : this.#renew();
  }

  /** Reads everything again, plugins included: the server said 401. */
  async renewAfterRefusal(): Promise<Credential> {
    this.#plugin = undefined;
    return this.#renew();
  }

  #renew(): Promise<Credential> {
    this.#refresh ??= this.#read().finally(() => {
      this.#refresh = undefined;
    });
    return this.#refresh;
  }

  async #read(): Promise<Credential> {
    const plugin = await this.#runPlugin();
    const { cluster, user } = this.target;
    const headers: Record<string, string | string[]> = { ...user.impersonate, ...(await this.#provided()) };
    const authorization = await this.#authorization(plugin);
    if (authorization !== undefined) headers.authorization = authorization;
    this.#current = {
      headers,
      tls: {
        ca: await pem(cluster.caData, cluster.caFile),
        cert: plugin?.clientCertificate ?? (await pem(user.certData, user.certFile)),
        key: plugin?.clientKey ?? (await pem(user.keyData, user.keyFile)),
        servername: cluster.tlsServerName,
        rejectUnauthorized: cluster.skipTLSVerify ? false : undefined,
      },
    };
    this.#validUntil = Math.min(Date.now() + REREAD_MS, endOf(plugin));
    return this.#current;
  }

  /** Kubernetes' order: a plugin, a token file, a token, a password. */
  async #authorization(plugin: ExecCredential | undefined): Promise<string | undefined> {
    const { token, tokenFile, username, password } = this.target.user;
    if (plugin?.token !== undefined) return `Bearer ${plugin.token}`;
    if (tokenFile !== undefined) return `Bearer ${(await readText(tokenFile)).trim()}`;
    if (token !== undefined) return `Bearer ${token}`;
    if (username === undefined) return undefined;
    return `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}`;
  }

  async #provided(): Promise<Readonly<Record<string, string>>> {
    const { user, cluster } = this.target;
    if (user.authProvider === undefined) return {};
    this.#provider ??= await loadProvider(user, cluster.server);
    return this.#provider();
  }

  async #runPlugin(): Promise<ExecCredential | undefined> {
    const { user, cluster, folder } = this.target;
    if (user.exec === undefined) return undefined;
    if (this.#plugin === undefined || Date.now() >= endOf(this.#plugin)) {
      this.#plugin = await runExecPlugin(user.exec, cluster, folder, this.env);
    }
    return this.#plugin;
  }
}

function endOf(plugin: ExecCredential | undefined): number {
  return (plugin?.expires ?? Number.POSITIVE_INFINITY) - EXPIRY_SLACK_MS;
}

/** Kubernetes: data written into the kubeconfig wins over a file. */
async function pem(data: string | undefined, file: string | undefined): Promise<string | undefined> {
  if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
  return file === undefined ? undefined : readText(file);
}

async function readText(file: string): Promise<string> {
  return readGivenFile(file, MOST_BYTES).catch((error: NodeJS.ErrnoException) => {
    const why = error instanceof UnsafePath ? error.what : `cannot be read (${error.code})`;
    throw new ClusterError("Unauthorized", `${file}, which the kubeconfig names, ${why}`, false);
  });
}
