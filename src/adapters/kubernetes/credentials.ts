import type { RequestOptions } from "node:https";
import { ClusterError } from "../../core/cluster-error.js";
import { type ExecConfig, type ExecCredential, runExecPlugin } from "./exec-credential.js";
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
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

/** Files (tokens, certificates) are read again this often, as client-go does. */
const REREAD_MS = 60_000;
/** A plugin's credential is renewed this long before it ends. */
const EXPIRY_SLACK_MS = 10_000;

/** The credentials of one kubeconfig user, kept fresh; one refresh at a time. */
export class Credentials {
  #current: Credential | undefined;
  #validUntil = 0;
  #refresh: Promise<Credential> | undefined;
  #plugin: ExecCredential | undefined;
  readonly #exec: ExecConfig | undefined;

  constructor(
    private readonly target: KubeconfigTarget,
    private readonly env: Readonly<Record<string, string | undefined>>,
  ) {
    this.#exec = (target.user.exec as ExecConfig | null | undefined) ?? undefined;
    // Taken away from client-node, so that only we run it.
    Object.assign(target.user, { exec: undefined });
    // We pool connections ourselves; client-node would make an agent a request, and refuse plain http.
    Object.assign(target.config, { createAgent: () => undefined });
  }

  /** What to send now. */
  async get(): Promise<Credential> {
    return this.#current !== undefined && Date.now() < this.#validUntil ? this.#current : this.#renew();
  }

  /** Reads everything again, plugins included: the server said 401. */
  async renewAfterRefusal(): Promise<Credential> {
    this.#plugin = undefined;
    forgetFileToken(this.target.config);
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
    const options: RequestOptions = {};
    try {
      await this.target.config.applyToHTTPSOptions(options);
    } catch (error) {
      throw new ClusterError("Unauthorized", `the kubeconfig's credentials cannot be read: ${plain(error)}`, false);
    }
    this.#current = {
      headers: headersOf(options, plugin),
      tls: {
        ca: text(options.ca),
        cert: plugin?.clientCertificate ?? text(options.cert),
        key: plugin?.clientKey ?? text(options.key),
        servername: this.target.cluster.tlsServerName || undefined,
        rejectUnauthorized: this.target.cluster.skipTLSVerify ? false : undefined,
      },
    };
    this.#validUntil = Math.min(Date.now() + REREAD_MS, endOf(plugin));
    return this.#current;
  }

  async #runPlugin(): Promise<ExecCredential | undefined> {
    if (this.#exec === undefined) return undefined;
    if (this.#plugin === undefined || Date.now() >= endOf(this.#plugin)) {
      this.#plugin = await runExecPlugin(this.#exec, this.target.cluster, this.target.folder, this.env);
    }
    return this.#plugin;
  }
}

function endOf(plugin: ExecCredential | undefined): number {
  return (plugin?.expires ?? Number.POSITIVE_INFINITY) - EXPIRY_SLACK_MS;
}

function headersOf(options: RequestOptions, exec: ExecCredential | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  const given = (options.headers ?? {}) as Record<string, unknown>;
  for (const [name, value] of Object.entries(given)) headers[name.toLowerCase()] = String(value).trim();
  if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  if (exec?.token !== undefined) headers.authorization = `Bearer ${exec.token}`;
  return headers;
}

/** client-node keeps a token file's content for 60 s; after a 401 it must not. */
function forgetFileToken(config: object): void {
  const { authenticators } = config as { authenticators?: object[] };
  for (const one of authenticators ?? []) if ("lastRead" in one) Object.assign(one, { lastRead: null });
}

function text(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? value.map(String).join("\n") : String(value);
}

function plain(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split("\n")[0]!;
}
