import type { Kind, KubeObject } from "../../src/core/spiderpool/objects.js";
import type { Cluster, ObjectRef } from "../../src/ports/cluster.js";

/** One write on its way to the cluster. */
export interface Write {
  readonly verb: "create" | "patch" | "delete";
  readonly kind: string;
  readonly name: string;
  /** 1 for the first write that is not about a Lease. */
  readonly count: number;
}

export interface Faults {
  /** Before the cluster sees a write; throwing refuses it. */
  before?(write: Write): void | Promise<void>;
  /** After the cluster carried it out; throwing loses the answer. */
  after?(write: Write): void | Promise<void>;
}

export interface FaultyCluster extends Cluster {
  /** Every write that reached the cluster, `create SpiderIPPool a`, Leases left out. */
  readonly writes: string[];
  /** The most writes under way at one time. */
  readonly mostInFlight: () => number;
}

/** A cluster whose writes may go wrong as a test says. */
export function faultyCluster(cluster: Cluster, faults: Faults = {}): FaultyCluster {
  const writes: string[] = [];
  let count = 0;
  let inFlight = 0;
  let most = 0;
  async function write<T>(verb: Write["verb"], kind: Kind, name: string, carryOut: () => Promise<T>): Promise<T> {
    if (kind.kind === "Lease") return carryOut();
    const one: Write = { verb, kind: kind.kind, name, count: ++count };
    inFlight++;
    most = Math.max(most, inFlight);
    try {
      await faults.before?.(one);
      // A real write takes a while, in which others may start.
      await new Promise((resolve) => setImmediate(resolve));
      const result = await carryOut();
      writes.push(`${verb} ${kind.kind} ${name}`);
      await faults.after?.(one);
      return result;
    } finally {
      inFlight--;
    }
  }
  return {
    writes,
    mostInFlight: () => most,
    served: (kinds) => cluster.served(kinds),
    list: (kind, options) => cluster.list(kind, options),
    get: (ref) => cluster.get(ref),
    create: (object: KubeObject, kind: Kind) =>
      write("create", kind, object.metadata.name, () => cluster.create(object, kind)),
    patch: (ref: ObjectRef, patch) => write("patch", ref.kind, ref.name, () => cluster.patch(ref, patch)),
    delete: (ref, preconditions) => write("delete", ref.kind, ref.name, () => cluster.delete(ref, preconditions)),
  };
}
