import type { Lock, SubnetLock } from "../../core/allocate/allocation.js";
import { joinLock, strayRange } from "../../core/allocate/lock-parts.js";
import { isClusterError } from "../../core/cluster-error.js";
import type { Diagnostic, Result } from "../../core/diagnostics.js";
import { formatRange } from "../../core/ip/range.js";
import { KINDS } from "../../core/spiderpool/objects.js";
import type { Cluster } from "../../ports/cluster.js";
import { tellRights } from "./configmap-rights.js";
import { type ChainPart, isPart, type LockChain, lockChains, misfit } from "./lock-chain.js";
import { LOCK_LABEL, type LockedPlanSync, lockLabel, textOf } from "./lock-objects.js";
import { LockWriter } from "./lock-writer.js";

/** How a subnet's lock is written and read; the text is that of a lock file. */
export interface LockText {
  readonly format: (lock: SubnetLock) => string;
  readonly parse: (file: string, subnet: string, text: string) => { lock: SubnetLock; found: readonly Diagnostic[] };
}

/** Somebody else wrote the lock since it was read: decide again on what it says now. */
export class LockMoved extends Error {
  override readonly name = "LockMoved";
}

/**
 * The lock of a PlanSync with `lock: cluster`: one ConfigMap a subnet, in its namespace, and further ones by address where
 * one is too small. The operator is its only writer; it is read once and then again only after a write did not go through.
 */
export class ClusterLock {
  readonly #writer: LockWriter;
  #known: Map<string, LockChain> | undefined;
  /** Grows with each change, so that a decision knows which lock it was made on. */
  version = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly planSync: LockedPlanSync,
    private readonly text: LockText,
  ) {
    this.#writer = new LockWriter(cluster, planSync, text.format);
  }

  /** @throws ClusterError */
  async read(): Promise<Result<Lock>> {
    this.#known ??= await this.#list();
    const diagnostics: Diagnostic[] = [];
    const subnets = new Map<string, SubnetLock>();
    for (const [subnet, { parts, fault }] of this.#known) {
      if (fault !== undefined) diagnostics.push(fault);
      const locks = parts.map((part) => this.#parse(subnet, part, diagnostics));
      if (locks.length > 0) subnets.set(subnet, joinLock(locks));
    }
    return { value: { files: subnets.size > 0, followsLive: true, subnets }, diagnostics };
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
      const chain = known.get(subnet) ?? NO_CHAIN;
      if (chain.fault !== undefined) throw new LockMoved(chain.fault.message);
      try {
        const stored = await this.#writer.write(subnet, chain, next.subnets.get(subnet) ?? EMPTY_LOCK);
        known.set(subnet, stored.chain);
        written += stored.written;
      } catch (error) {
        this.#known = undefined;
        this.version++;
        if (isClusterError(error, "Conflict", "AlreadyExists", "NotFound"))
          throw new LockMoved(`the lock of ${subnet} was changed by somebody else`);
        throw tellRights(error, "lock: cluster", this.planSync.namespace);
      }
    }
    this.#known = known;
    if (written > 0) this.version++;
    return written;
  }

  #parse(subnet: string, part: ChainPart, found: Diagnostic[]): SubnetLock {
    const { name } = part.object.metadata;
    const read = this.text.parse(`ConfigMap ${name}`, subnet, textOf(part.object, isPart(part)));
    for (const fault of read.found) found.push(fault);
    const stray = strayRange({ first: part.first, lock: read.lock }, part.next?.first);
    if (stray !== undefined) found.push(misfit(subnet, name, `holds ${formatRange(stray)}, which another part is for`));
    return read.lock;
  }

  async #list(): Promise<Map<string, LockChain>> {
    const { namespace } = this.planSync;
    const labelSelector = `${LOCK_LABEL}=${lockLabel(this.planSync)}`;
    const { items } = await this.cluster.list(KINDS.ConfigMap, { namespace, labelSelector }).catch((error: unknown) => {
      throw tellRights(error, "lock: cluster", namespace);
    });
    return lockChains(items, this.planSync);
  }
}

const NO_CHAIN: LockChain = { parts: [], loose: new Map() };
const EMPTY_LOCK: SubnetLock = { held: new Map(), pools: new Map(), released: new Map() };
