import { KEYS, type OwnerReference, type SpiderIPPool, type SpiderSubnet } from "../objects.js";

/** The controller among an object's owners, as Kubernetes finds it. */
export function controllerOf(pool: SpiderIPPool): OwnerReference | undefined {
  return pool.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/**
 * The pool as its subnet's: owner reference, label and inheritance (S21, S22, M9); the webhook does it to a new pool,
 * the controller to pools that were there before their subnet (M12).
 * @returns undefined if another controller owns the pool (M13, P24)
 */
export function adoptPool(pool: SpiderIPPool, subnet: SpiderSubnet): SpiderIPPool | undefined {
  const { metadata } = pool;
  const owner = controllerOf(pool);
  const reference = subnetReference(subnet);
  if (owner !== undefined && !sameObject(owner, reference)) return undefined;
  const owners = metadata.ownerReferences ?? [];
  const place = owners.findIndex((other) => sameObject(other, reference));
  return {
    ...pool,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [KEYS.ownerSubnet]: subnet.metadata.name },
      ownerReferences: place < 0 ? [...owners, reference] : owners.with(place, reference),
    },
    spec: inherited(pool.spec, subnet.spec),
  };
}

/** The owner reference by which a subnet controls a pool (S22). */
function subnetReference(subnet: SpiderSubnet): OwnerReference {
  return {
    apiVersion: subnet.apiVersion,
    kind: subnet.kind,
    name: subnet.metadata.name,
    uid: subnet.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** A pool takes the gateway and routes it does not have (M9); an explicit `routes: []` stays, excludeIPs are its own. */
function inherited(pool: SpiderIPPool["spec"], subnet: SpiderSubnet["spec"]): SpiderIPPool["spec"] {
  const spec = { ...pool };
  spec.gateway ??= subnet.gateway;
  if (subnet.routes?.length) spec.routes ??= subnet.routes.map((route) => ({ ...route }));
  return spec;
}

function sameObject(a: OwnerReference, b: OwnerReference): boolean {
  const group = (reference: OwnerReference) => reference.apiVersion.split("/")[0];
  return a.kind === b.kind && a.name === b.name && group(a) === group(b);
}
