import type { RequestOptions } from "node:https";
import { ClusterError } from "../../core/cluster-error.js";
import type { UserEntry } from "./kubeconfig.js";

/** Headers of one of the built-in `auth-provider`s (oidc, gcp, azure), which client-node knows and refreshes. */
export type Provider = () => Promise<Readonly<Record<string, string>>>;

/** Loads client-node, which costs half a second: only kubeconfigs with such a provider pay for it. */
export async function loadProvider(user: UserEntry, server: string): Promise<Provider> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  const own = { name: "user", authProvider: user.authProvider };
  config.loadFromClusterAndUser({ name: "cluster", server, skipTLSVerify: false }, own);
  // We pool connections ourselves; client-node would make an agent a request, and refuse plain http.
  Object.assign(config, { createAgent: () => undefined });
  return async () => {
    const options: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (error) {
      const why = String(error instanceof Error ? error.message : error).split("\n")[0]!;
      throw new ClusterError("Unauthorized", `the auth-provider of the kubeconfig gave no credentials: ${why}`, false);
    }
    const given = Object.entries((options.headers ?? {}) as Record<string, unknown>);
    return Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), String(value)]));
  };
}
