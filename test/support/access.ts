import type { Kind } from "../../src/core/spiderpool/objects.js";
import { kubeconfigFile } from "./kubeconfig-file.js";
import type { RealCluster } from "./real-apiserver.js";

export const RBAC = "rbac.authorization.k8s.io";

const rbac = (kind: string, plural: string, namespaced = false): Kind => ({
  apiVersion: `${RBAC}/v1`,
  kind,
  plural,
  namespaced,
});

/** The kinds that say who may do what, by kind name. */
export const ACCESS_KINDS: Readonly<Record<string, Kind>> = {
  ServiceAccount: { apiVersion: "v1", kind: "ServiceAccount", plural: "serviceaccounts", namespaced: true },
  ClusterRole: rbac("ClusterRole", "clusterroles"),
  Role: rbac("Role", "roles", true),
  ClusterRoleBinding: rbac("ClusterRoleBinding", "clusterrolebindings"),
  RoleBinding: rbac("RoleBinding", "rolebindings", true),
};

/** File of a kubeconfig that makes its bearer the given user, by a client certificate. */
export function kubeconfigOf({ server, authority }: RealCluster, user: string, groups: readonly string[] = []): string {
  const { certFile, keyFile } = authority.issue(user, { groups });
  return kubeconfigFile(server, {
    cluster: { "certificate-authority": authority.certFile },
    user: { "client-certificate": certFile, "client-key": keyFile },
  });
}
