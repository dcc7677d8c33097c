import type { Kind, KubeObject } from "../../core/spiderpool/objects.js";
import type { Cluster, ObjectRef, Preconditions } from "../../ports/cluster.js";
import type { Clock } from "../../ports/runtime.js";

/** How long watches may lag behind our own writes before we go on without them, and how often we look, in milliseconds. */
const LAG = { longest: 10_000, look: 20 };

/** Finds an object as a watch knows it, by `namespace/name` or its name alone. */
export type Find = (kind: Kind, key: string) => KubeObject | undefined;

interface Written {
  readonly kind: Kind;
  /** As the API server answered; undefined = deleted, with this uid. */
  readonly version: number | undefined;
  readonly uid: string | undefined;
  /** Which PlanSync wrote it. */
  readonly by: string;
  /** Waited for in vain: only looked at from then on. */
  readonly missed?: true;
}

/**
 * Remembers what was written through a cluster, so that a decision made from watches is not made on what was before our
 * own writes.
 */
export class OwnWrites {
  readonly #written = new Map<string, Written>();

  /** @param watched whether a kind is watched at all: no other is waited for */
  constructor(private readonly watched: (kind: Kind) => boolean) {}

  /** The same cluster for one PlanSync, remembering: what another one writes is somebody else's change to it. */
  through<C extends Cluster>(cluster: C, by: string): C {
    const remember = (kind: Kind, object: KubeObject) => {
      this.#remember(by, kind, object.metadata, Number(object.metadata.resourceVersion));
      return object;
    };
    const own: Pick<Cluster, "create" | "patch" | "delete"> = {
      create: async (object, kind) => remember(kind, await cluster.create(object, kind)),
      patch: async (ref, patch) => remember(ref.kind, await cluster.patch(ref, patch)),
      delete: async (ref: ObjectRef, preconditions: Preconditions, options) => {
        await cluster.delete(ref, preconditions, options);
        this.#remember(by, ref.kind, { ...ref, uid: preconditions.uid }, undefined);
      },
    };
    return new Proxy(cluster, {
      get(target, name) {
        if (Object.hasOwn(own, name)) return own[name as keyof typeof own];
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
  }

  /** Which PlanSync of this process made an object's latest change, or a later one; undefined where it was somebody else. */
  writerOf(kind: Kind, key: string, after: KubeObject | undefined): string | undefined {
    const own = this.#written.get(`${kind.kind} ${key}`);
    if (own === undefined) return undefined;
    if (after === undefined) return own.version === undefined ? own.by : undefined;
    const isOwn = own.version !== undefined && Number(after.metadata.resourceVersion) <= own.version;
    return isOwn ? own.by : undefined;
  }

  /**
   * Waits until the watches have seen all that was written, as far as they do within a while. What they have seen is
   * forgotten; what they have not is not waited for again.
   * @returns whether they have seen all
   */
  async caughtUp(find: Find, clock: Clock, signal: AbortSignal): Promise<boolean> {
    const end = clock.monotonic() + LAG.longest;
    let all = true;
    for (const [key, own] of this.#written) {
      const name = key.slice(own.kind.kind.length + 1);
      const isSeen = () => seen(own, find(own.kind, name));
      while (!signal.aborted && !isSeen() && own.missed === undefined && clock.monotonic() < end) {
        await clock.sleep(LAG.look, signal).catch(() => {});
      }
      const there = isSeen();
      all &&= there;
      if (this.#written.get(key) !== own) continue;
      if (there) this.#written.delete(key);
      else this.#written.set(key, { ...own, missed: true });
    }
    return all;
  }

  #remember(
    by: string,
    kind: Kind,
    { namespace, name, uid }: { namespace?: string; name: string; uid?: string },
    version: number | undefined,
  ): void {
    if (!this.watched(kind)) return;
    this.#written.set(`${kind.kind} ${namespace ? `${namespace}/${name}` : name}`, { by, kind, version, uid });
  }
}

/** Versions are numbers in every API server there is; where they are not, nothing is waited for. */
function seen({ version, uid }: Written, live: KubeObject | undefined): boolean {
  if (version === undefined)
    return live === undefined || live.metadata.uid !== uid || live.metadata.deletionTimestamp !== undefined;
  if (Number.isNaN(version)) return true;
  return live !== undefined && Number(live.metadata.resourceVersion) >= version;
}
