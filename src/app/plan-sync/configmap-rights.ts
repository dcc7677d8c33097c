import { ClusterError, isClusterError } from "../../core/cluster-error.js";

/** What cannot be done to ConfigMaps beside a PlanSync for want of a right, with the manifest that gives it. */
export function tellRights(error: unknown, what: string, namespace: string): unknown {
  if (!isClusterError(error, "Forbidden")) return error;
  const way = `kubectl apply -n ${namespace} -k deploy/locks`;
  const message = `${what} needs ConfigMaps of namespace ${namespace}, a right that \`${way}\` gives: ${error.message}`;
  return new ClusterError("Forbidden", message, false, error.status);
}
