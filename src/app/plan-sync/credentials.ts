import { isClusterError } from "../../core/cluster-error.js";
import { SourceError } from "../../core/source-error.js";
import { KINDS, type KubeObject } from "../../core/spiderpool/objects.js";
import type { Cluster } from "../../ports/cluster.js";
import type { SourceCredentials, SourceVerification } from "../../ports/source-repository.js";

/** Keys of a Secret and what they are for; the names are Flux's, so that its Secrets work here. */
const KEYS = {
  username: "username",
  password: "password",
  bearerToken: "bearerToken",
  ca: "ca.crt",
  clientCertificate: "tls.crt",
  clientKey: "tls.key",
  sshPrivateKey: "identity",
  sshKnownHosts: "known_hosts",
  proxy: "proxy",
} as const satisfies Partial<Record<keyof SourceCredentials, string>>;

/**
 * Reads the credentials of a source.
 * @throws SourceError when the Secret is not there or may not be read
 */
export async function readCredentials(
  cluster: Cluster,
  namespace: string,
  secretName: string | undefined,
): Promise<SourceCredentials> {
  if (secretName === undefined) return {};
  const data = await readSecret(cluster, namespace, secretName);
  const found: Record<string, string> = {};
  for (const [field, key] of Object.entries(KEYS)) if (data[key] !== undefined) found[field] = data[key];
  // The password of a Secret for SSH is that of its key.
  if (found.sshPrivateKey !== undefined && found.password !== undefined) {
    const { password, ...rest } = found;
    return { ...rest, sshPassphrase: password };
  }
  return found;
}

/** The trusted keys of a verification. @throws SourceError */
export async function readVerification(
  cluster: Cluster,
  namespace: string,
  verify: { readonly mode: SourceVerification["mode"]; readonly secretName: string } | undefined,
): Promise<SourceVerification | undefined> {
  if (verify === undefined) return undefined;
  return { mode: verify.mode, keys: await readSecret(cluster, namespace, verify.secretName) };
}

async function readSecret(cluster: Cluster, namespace: string, name: string): Promise<Record<string, string>> {
  try {
    const secret: KubeObject = await cluster.get({ kind: KINDS.Secret, namespace, name });
    const entries = Object.entries(secret.data ?? {});
    return Object.fromEntries(entries.map(([key, text]) => [key, Buffer.from(text, "base64").toString("utf8")]));
  } catch (error) {
    if (!isClusterError(error)) throw error;
    const missing = error.reason === "NotFound";
    const message = missing
      ? `there is no Secret ${namespace}/${name}`
      : `Secret ${namespace}/${name} cannot be read: ${error.message}`;
    throw new SourceError("AuthenticationFailed", message, error.transient);
  }
}
