import { isClusterError } from "../../core/cluster-error.js";
import { isPlainUrl, scopeCovers } from "../../core/plan-sync/repository-scope.js";
import { SourceError } from "../../core/source-error.js";
import { KINDS, type KubeObject, OWN } from "../../core/spiderpool/objects.js";
import type { Cluster } from "../../ports/cluster.js";
import type { SourceCredentials, SourceVerification } from "../../ports/source-repository.js";

/** Keys of a Secret and what they are for; the names are Flux's, so that its Secrets work here once they are annotated. */
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
 * Reads the credentials of a source. Whoever may write a PlanSync chooses `repoURL`, so a Secret is used only for the
 * repositories that it says itself.
 * @throws SourceError when the Secret is not there, may not be read, or is not for this repository
 */
export async function readCredentials(
  cluster: Cluster,
  namespace: string,
  secretName: string | undefined,
  repoURL: string,
): Promise<SourceCredentials> {
  if (secretName === undefined) return {};
  const data = await readSecret(cluster, namespace, secretName, repoURL);
  const found: Record<string, string> = {};
  for (const [field, key] of Object.entries(KEYS)) if (data[key] !== undefined) found[field] = data[key];
  // The password of a Secret for SSH is that of its key.
  if (found.sshPrivateKey !== undefined && found.password !== undefined) {
    const { password, ...rest } = found;
    return { ...rest, sshPassphrase: password };
  }
  return found;
}

/** The trusted keys of a verification. @throws SourceError as for credentials */
export async function readVerification(
  cluster: Cluster,
  namespace: string,
  verify: { readonly mode: SourceVerification["mode"]; readonly secretName: string } | undefined,
  repoURL: string,
): Promise<SourceVerification | undefined> {
  if (verify === undefined) return undefined;
  return { mode: verify.mode, keys: await readSecret(cluster, namespace, verify.secretName, repoURL) };
}

async function readSecret(
  cluster: Cluster,
  namespace: string,
  name: string,
  repoURL: string,
): Promise<Record<string, string>> {
  // Git is never given such a URL, and what is wrong with it is told there; with no key nothing can be verified either.
  if (!isPlainUrl(repoURL)) return {};
  const secret = await getSecret(cluster, namespace, name);
  const refusal = whyNotFor(secret, namespace, name, repoURL);
  if (refusal !== undefined) throw new SourceError("AuthenticationFailed", refusal, false);
  const entries = Object.entries(secret.data ?? {});
  return Object.fromEntries(entries.map(([key, text]) => [key, Buffer.from(text, "base64").toString("utf8")]));
}

function whyNotFor(secret: KubeObject, namespace: string, name: string, repoURL: string): string | undefined {
  const answer = scopeCovers(secret.metadata.annotations?.[OWN.repositories], repoURL);
  if (answer === "covered") return undefined;
  const which = `Secret ${namespace}/${name}`;
  if (answer === "other") {
    return `${which} is not for ${repoURL}: its annotation ${OWN.repositories} names other repositories; correct repoURL, or add this one there`;
  }
  const command = `kubectl annotate secret ${name} -n ${namespace} ${OWN.repositories}=${quoted(repoURL)}`;
  return `${which} does not say for which repositories it is, so it is not used; if it was made for this one, run: ${command}`;
}

/** For a shell, whatever is in it. */
function quoted(text: string): string {
  return /^[\w./:@+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

async function getSecret(cluster: Cluster, namespace: string, name: string): Promise<KubeObject> {
  try {
    return await cluster.get({ kind: KINDS.Secret, namespace, name });
  } catch (error) {
    if (!isClusterError(error)) throw error;
    const missing = error.reason === "NotFound";
    const message = missing
      ? `there is no Secret ${namespace}/${name}`
      : `Secret ${namespace}/${name} cannot be read: ${error.message}`;
    throw new SourceError("AuthenticationFailed", message, error.transient);
  }
}
