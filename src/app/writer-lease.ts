import { OWN } from "../core/spiderpool/objects.js";
import type { Cluster } from "../ports/cluster.js";
import type { Clock } from "../ports/runtime.js";
import { Lease } from "./lease.js";
import type { LeaseOptions } from "./lease-record.js";

/**
 * Waits for the cluster-wide right to write (DESIGN 7) and renews it in the background.
 * @param options `namespace` is Spiderpool's
 * @throws LeaseTaken when another writer holds it longer than `timeout`; ClusterError; the signal's reason
 */
export function acquireWriterLease(
  cluster: Cluster,
  clock: Clock,
  options: Omit<LeaseOptions, "name">,
): Promise<Lease> {
  return Lease.acquire(cluster, clock, { ...options, name: OWN.writerLease });
}
