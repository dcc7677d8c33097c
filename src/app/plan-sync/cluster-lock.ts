import type { Lock, SubnetLock } from "../../core/allocate/allocation.js";
import { hash8 } from "../../core/allocate/naming.js";
import { isClusterError } from "../../core/cluster-error.js";
import type { Diagnostic, Result } from "../../core/diagnostics.js";
import { KINDS, type KubeObject, OWN } from "../../core/spiderpool/objects.js";
import type { Cluster, ObjectRef } from "../../ports/cluster.js";
import { tellRights } from "./configmap-rights.js";

/** How a subnet's lock is written and read; the text is that of a lock file. */
export interface LockText {
  readonly format: (lock: SubnetLock) => string;
  readonly parse: (file: string, subnet: string, text: string) => { lock: SubnetLock; found: readonly Diagnostic[] };
}

/** Somebody else wrote the lock since it was read: decide again on what it says now. */
export class LockMoved extends Error {
  override readonly name = "LockMoved";
}

const LOCK_LABEL = "spiderplan.io/lock-of";
const SUBNET_ANNOTATION = "spiderplan.io/subnet";
const KEY = "lock.yaml";

/**
 * The lock of a PlanSync with `lock: cluster`: one ConfigMap a subnet, in its namespace. The operator is its only writer;
 * it is read once and then again only after a write did not go through.
 */
export class ClusterLock {
  #known: Map<string, KubeObject> | undefined;
  /** Grows with each change, so that a decision knows which lock it was made on. */
  version = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly planSync: { readonly namespace: string; readonly name: string },
    private readonly text: LockText,
  ) {}

  /** @throws ClusterError */
  async read(): Promise<Result<Lock>> {
    this.#known ??= await this.#list();
    const diagnostics: Diagnostic[] = [];
    const subnets = new Map<string, SubnetLock>();
    for (const [subnet, object] of this.#known) {
      const read = this.text.parse(`ConfigMap ${object.metadata.name}`, subnet, object.data?.[KEY] ?? "");
      for (const fault of read.found) diagnostics.push(fault);
      subnets.set(subnet, read.lock);
    }
    return { value: { files: this.#known.size > 0, followsLive: true, subnets }, diagnostics };
  }

  /**
   * Writes what changed, each ConfigMap by compare-and-swap, before the first pool is written (DESIGN 9).
   * @returns how many were written
   * @throws LockMoved when somebody else wrote meanwhile; ClusterError
   */
  async store(next: Lock): Promise<number> {
    const known = this.#known ?? (await this.#list());
    const subnets = new Set([...next.subnets.keys(), ...known.keys()]);
    let written = 0;
    for (const subnet of [...subnets].sort()) {
      const text = this.text.format(next.subnets.get(subnet) ?? EMPTY_LOCK);
      const live = known.get(subnet);
      if (live?.data?.[KEY] === text) continue;
      try {
        known.set(subnet, live === undefined ? await this.#create(subnet, text) : await this.#swap(live, text));
      } catch (error) {
        this.#known = undefined;
        this.version++;
        if (isClusterError(error, "Conflict", "AlreadyExists", "NotFound"))
          throw new LockMoved(`the lock of ${subnet} was changed by somebody else`);
        throw tellRights(error, "lock: cluster", this.planSync.namespace);
      }
      written++;
    }
    this.#known = known;
    if (written > 0) this.version++;
    return written;
  }

  async #list(): Promise<Map<string, KubeObject>> {
    const { namespace } = this.planSync;
    const labelSelector = `${LOCK_LABEL}=${this.#label()}`;
    const { items } = await this.cluster.list(KINDS.ConfigMap, { namespace, labelSelector }).catch((error: unknown) => {
      throw tellRights(error, "lock: cluster", namespace);
    });
    return new Map(
      items.flatMap((object): [string, KubeObject][] => {
        const subnet = object.metadata.annotations?.[SUBNET_ANNOTATION];
        // A label is no proof: of each subnet only the object counts that we would write ourselves, so there are no two.
        const isOurs = subnet !== undefined && object.metadata.name === this.#nameOf(subnet);
        return isOurs ? [[subnet, object]] : [];
      }),
    );
  }

  #create(subnet: string, text: string): Promise<KubeObject> {
    const { namespace } = this.planSync;
    return this.cluster.create(
      {
        apiVersion: KINDS.ConfigMap.apiVersion,
        kind: KINDS.ConfigMap.kind,
        metadata: {
          namespace,
          name: this.#nameOf(subnet),
          labels: { [OWN.managedByLabel]: OWN.managedBy, [LOCK_LABEL]: this.#label() },
          annotations: { [SUBNET_ANNOTATION]: subnet },
        },
        data: { [KEY]: text },
      },
      KINDS.ConfigMap,
    );
  }

  #nameOf(subnet: string): string {
    const full = `spiderplan-lock-${this.planSync.name}-${subnet}`;
    return full.length <= 253 ? full : `${full.slice(0, 244)}-${hash8(full)}`;
  }

  #swap(live: KubeObject, text: string): Promise<KubeObject> {
    const { namespace, name, uid, resourceVersion } = live.metadata;
    const ref: ObjectRef = { kind: KINDS.ConfigMap, namespace, name };
    return this.cluster.patch(ref, { metadata: { uid, resourceVersion }, data: { [KEY]: text } });
  }

  /** A label holds 63 characters, a name more. */
  #label(): string {
    const { name } = this.planSync;
    return name.length <= 63 ? name : `${name.slice(0, 54)}-${hash8(name)}`;
  }
}

const EMPTY_LOCK: SubnetLock = { held: new Map(), pools: new Map(), released: new Map() };
