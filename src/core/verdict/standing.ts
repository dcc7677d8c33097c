import type { Tenant } from "../cluster/tenants.js";
import { type Address, type Family, parseAddress } from "../ip/address.js";
import { contains } from "../ip/range-set.js";
import type { PodFacts } from "../spiderpool/ipam/pod-facts.js";
import { takesAllBack } from "../spiderpool/ipam/run.js";
import type { SpiderIPPool } from "../spiderpool/objects.js";
import { candidatesIn, certainNics, type Outcome, replay, type Scene } from "./replay.js";

/** What a tenant gets when it starts anew in a scene. */
export interface Standing {
  /** It takes its own address back, whatever the pools say (A19, A21). */
  readonly keepsOwn: boolean;
  readonly outcome: Outcome;
}

/** What of a tenant decides what it gets. */
export type Asker = Pick<Tenant, "nic" | "family" | "pool" | "recorded" | "keeps">;

/**
 * Replays one tenant in one scene.
 * @param pod its facts there: its template may have changed
 */
export function standingOf(scene: Scene, tenant: Tenant, pod: PodFacts | undefined): Standing {
  return standingWith(scene, tenant, pod, (pool) => freeFor(scene, tenant, pool));
}

/**
 * The same where the addresses in use are not those of the snapshot.
 * @param free how many addresses of a pool are free for this tenant, its own counted as given back
 */
export function standingWith(
  scene: Scene,
  tenant: Asker,
  pod: PodFacts | undefined,
  free: (pool: SpiderIPPool) => number,
): Standing {
  if (tenant.keeps === "vm") return keeps(tenant);
  if (pod === undefined) return { keepsOwn: false, outcome: onItsPool(scene, tenant, free) };
  const asks = (nic: string) => scene.asking(pod, nic).asks !== "no";
  const back =
    tenant.keeps === "ordinal" && takesAllBack(pod, tenant.recorded, asks, (nic) => candidatesIn(scene, pod, nic));
  const keepsOwn = back && scene.snapshot.pools.has(tenant.pool);
  const own = keepsOwn
    ? keeps(tenant).outcome
    : replay(scene, pod, tenant.nic, tenant.family, candidatesIn(scene, pod, tenant.nic), free);
  const others = [
    ...(keepsOwn ? [] : otherFamily(scene, tenant, pod, free)),
    ...otherNics(scene, tenant, pod, { free, back }),
  ];
  // A10: one that is filtered out fails the Pod, whatever the others have.
  const other = others.find(({ outcome }) => outcome.failure !== undefined)?.outcome.failure;
  const failure = own.silent ? (other ?? own.failure) : (own.failure ?? other);
  const unheld = others.filter(({ held }) => !held);
  const beside = unheld.map(({ nic, family, outcome: { eligible, pools } }) => ({ nic, family, eligible, pools }));
  return {
    keepsOwn: keepsOwn && failure === undefined,
    outcome: {
      ...own,
      ...(own.silent && { silent: other === undefined }),
      ...(beside.length > 0 && { beside }),
      ...(failure !== own.failure && { pools: [], failure }),
    },
  };
}

/** What a Pod asks for beside one address, and whether it has that already. */
interface Other {
  readonly nic: string;
  readonly family: Family;
  readonly held: boolean;
  readonly outcome: Outcome;
}

/** The other family of the NIC, where it is asked for. */
function otherFamily(scene: Scene, tenant: Asker, pod: PodFacts, free: (pool: SpiderIPPool) => number): Other[] {
  const { nic } = tenant;
  const family: Family = tenant.family === 4 ? 6 : 4;
  const found = candidatesIn(scene, pod, nic);
  if ((family === 4 ? found.v4 : found.v6).length === 0) return [];
  const record = tenant.recorded.find((one) => one.interface === nic);
  const held = (family === 4 ? record?.ipv4Pool : record?.ipv6Pool) !== undefined;
  return [{ nic, family, held, outcome: replay(scene, pod, nic, family, found, free) }];
}

/** The Pod's other NICs that start with it or not at all; those that take back what they had need nothing. */
function otherNics(
  scene: Scene,
  tenant: Asker,
  pod: PodFacts,
  { free, back }: { readonly free: (pool: SpiderIPPool) => number; readonly back: boolean },
): Other[] {
  const served = tenant.recorded.map((record) => record.interface);
  const nics = certainNics(scene, pod, served).filter(
    // One whose network is in other hands asks nobody here, though `ippools` lists it.
    (nic) => nic !== tenant.nic && !(back && served.includes(nic)) && scene.asking(pod, nic).asks !== "no",
  );
  return nics.flatMap((nic) => {
    const found = candidatesIn(scene, pod, nic);
    const asked = ([4, 6] as const).filter(
      (family) => found.error !== undefined || (family === 4 ? found.v4 : found.v6).length > 0,
    );
    const held = served.includes(nic);
    return asked.map((family) => ({ nic, family, held, outcome: replay(scene, pod, nic, family, found, free) }));
  });
}

function keeps(tenant: Asker): Standing {
  return { keepsOwn: true, outcome: { pools: [tenant.pool], eligible: [[tenant.pool]], assumed: [] } };
}

/** A Pod nobody knows is judged on the pool it holds: the one thing that is certain is that it named it (DESIGN 6). */
function onItsPool(scene: Scene, tenant: Asker, free: (pool: SpiderIPPool) => number): Outcome {
  const pool = scene.snapshot.pools.get(tenant.pool);
  const failure =
    pool === undefined
      ? `${tenant.pool} does not exist`
      : pool.metadata.deletionTimestamp !== undefined
        ? `${tenant.pool} is being deleted`
        : pool.spec.disable === true
          ? `${tenant.pool} is disabled`
          : free(pool) > 0
            ? undefined
            : `${tenant.pool} is full`;
  const pools = failure === undefined ? [tenant.pool] : [];
  return { pools, eligible: [[tenant.pool]], failure, assumed: [] };
}

/** Free addresses of a pool for a tenant that gives all its Pod has back first: both families, every NIC. */
function freeFor(scene: Scene, tenant: Tenant, pool: SpiderIPPool): number {
  const { used, usable } = scene.occupancy(pool);
  const own = ownIn(scene, tenant, pool.metadata.name).filter((address) => contains(usable, address)).length;
  return scene.capacity(pool) - used + own;
}

/** The addresses of one pool that the tenant's Pod has. */
function ownIn(scene: Scene, tenant: Tenant, pool: string): readonly Address[] {
  const held = scene.snapshot.endpoints.get(tenant.pod)?.status?.current?.ips ?? [];
  const texts = held.flatMap(({ ipv4, ipv4Pool, ipv6, ipv6Pool }) => [
    ...(ipv4 && ipv4Pool === pool ? [ipv4] : []),
    ...(ipv6 && ipv6Pool === pool ? [ipv6] : []),
  ]);
  // Where only the pool's record tells, it is this one address.
  const told = pool === tenant.pool ? [tenant.address] : [];
  const others = texts.flatMap((text) => parseAddress(text.split("/")[0]!) ?? []);
  return [...new Set([...told, ...others])];
}
