import { ClusterError } from "../core/cluster-error.js";
import type { Cluster, ClusterActor } from "../ports/cluster.js";

const WRITES: ReadonlySet<PropertyKey> = new Set<keyof ClusterActor>([
  "create",
  "patch",
  "patchStatus",
  "replace",
  "replaceStatus",
  "delete",
  "bind",
]);

/**
 * The same cluster for one that may write only while it holds a Lease: every write asks right before it is sent, and is
 * rejected with a ClusterError `Fenced` when the answer is no.
 */
export function guardWrites<C extends Cluster>(cluster: C, isHeld: () => boolean): C {
  return new Proxy(cluster, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (!WRITES.has(name)) return member.bind(target);
      return async (...given: unknown[]) => {
        if (!isHeld()) throw fenced();
        return member.apply(target, given);
      };
    },
  });
}

function fenced(): ClusterError {
  return new ClusterError("Fenced", "nothing is written: this process does not lead any more", false);
}
