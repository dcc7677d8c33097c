import { sortedKeys } from "../app/report/canonical-object.js";
import type { KubeObject } from "../core/spiderpool/objects.js";
import type { Io } from "./io.js";
import { observeAny } from "./observe.js";
import type { ClusterOptions, OutputOptions } from "./options.js";
import { serialize } from "./serialize.js";

/**
 * `spiderplan snapshot`: everything spiderplan reads of a cluster, as a List that `--snapshot` takes.
 * Who last wrote a field is left out but for the name: it is most of the bytes and nothing is decided by it.
 */
export async function snapshotCommand(io: Io, options: ClusterOptions & OutputOptions): Promise<number> {
  const { items } = await observeAny(io, options);
  const list = { apiVersion: "v1", kind: "List", items: items.map(slim).sort(byName) };
  io.stdout.write(serialize(sortedKeys(list), options.output));
  return 0;
}

function slim(item: KubeObject): KubeObject {
  const managers = item.metadata.managedFields?.map(({ manager, operation, time }) => ({ manager, operation, time }));
  return managers === undefined ? item : { ...item, metadata: { ...item.metadata, managedFields: managers } };
}

function byName(a: KubeObject, b: KubeObject): number {
  const key = (item: KubeObject) => `${item.kind} ${item.metadata.namespace ?? ""} ${item.metadata.name}`;
  return key(a) < key(b) ? -1 : 1;
}
