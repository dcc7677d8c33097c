import type { Diagnostic } from "../../diagnostics.js";
import type { Snapshot } from "../../snapshot.js";
import { unreadableReason } from "../../spiderpool/limits.js";
import { type KubeObject, objectKey } from "../../spiderpool/objects.js";
import { some } from "./words.js";

/** Whatever tenants wrote that is beyond what is read of it: judged on the addresses it holds, and told. */
export function unreadableWarnings(snapshot: Snapshot): Diagnostic[] {
  const { workloads, pods, namespaces, networkAttachments, endpoints } = snapshot;
  const found = [workloads, pods, namespaces, networkAttachments, endpoints].flatMap(unreadableIn);
  if (found.length === 0) return [];
  return [
    {
      code: "SP4250",
      severity: "warning",
      message: `too much is written on ${found.length === 1 ? "an object" : `${found.length} objects`} to be read; judged on the addresses in use alone: ${some(found)}`,
      hint: "shorten what the message names; it is read again by itself",
    },
  ];
}

function unreadableIn(objects: ReadonlyMap<string, KubeObject>): string[] {
  const found: string[] = [];
  for (const object of objects.values()) {
    const reason = unreadableReason(object);
    const { namespace, name } = object.metadata;
    if (reason !== undefined) found.push(`${objectKey(object.kind, namespace, name)} (${reason})`);
  }
  return found.sort();
}
