import type { WishedSource } from "../../core/plan-sync/wish.js";
import type { Cluster } from "../../ports/cluster.js";
import type { SourceRef, SourceSpec } from "../../ports/source-repository.js";
import { readCredentials, readVerification } from "./credentials.js";

/** What to read a source with: its place, and what the Secrets it names hold now. @throws SourceError, ClusterError */
export async function sourceSpec(cluster: Cluster, namespace: string, source: WishedSource): Promise<SourceSpec> {
  const { repoURL, ref, path, timeout } = source;
  const [credentials, verification] = await Promise.all([
    readCredentials(cluster, namespace, source.secretName, repoURL),
    readVerification(cluster, namespace, source.verify, repoURL),
  ]);
  return { repoURL, ref: ref as SourceRef, path, credentials, timeout, ...(verification && { verification }) };
}
