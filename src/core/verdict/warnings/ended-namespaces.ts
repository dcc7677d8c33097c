import type { DesiredObject } from "../../change/desired-object.js";
import type { SharedAnnotations } from "../../change/shared-annotations.js";
import { type NamespaceEnd, namespaceEnd } from "../../cluster/namespaces.js";
import type { Diagnostic, SourceRef } from "../../diagnostics.js";
import type { Snapshot } from "../../snapshot.js";
import { KINDS, objectKey } from "../../spiderpool/objects.js";
import { some } from "./words.js";

/** What of the plan a Namespace that is not there, or goes away, takes along. */
interface Part {
  readonly namespace: string;
  readonly end: NamespaceEnd;
  readonly what: string;
  readonly source: SourceRef | undefined;
}

/** One warning a Namespace: the rest of the plan syncs without it. */
export function tellEndedNamespaces(
  objects: readonly DesiredObject[],
  annotations: readonly SharedAnnotations[],
  snapshot: Snapshot,
): Diagnostic[] {
  const byNamespace = new Map<string, Part[]>();
  for (const part of [...fromAnnotations(annotations, snapshot), ...fromObjects(objects, snapshot)]) {
    const same = byNamespace.get(part.namespace);
    if (same === undefined) byNamespace.set(part.namespace, [part]);
    else same.push(part);
  }
  return [...byNamespace.values()].map(warning);
}

/** A Namespace to annotate that is not known at all counts as absent, however much was read: there is nothing to write on. */
function fromAnnotations(annotations: readonly SharedAnnotations[], snapshot: Snapshot): Part[] {
  return annotations.flatMap(({ kind, namespace, name, live, annotations: wanted, source }) => {
    const own = kind === KINDS.Namespace;
    const within = own ? name : (namespace ?? "");
    const end = live === undefined ? "absent" : namespaceEnd(snapshot, within);
    if (end === undefined || Object.keys(wanted).length === 0) return [];
    return [
      { namespace: within, end, what: own ? "its default pools" : objectKey(kind.kind, namespace, name), source },
    ];
  });
}

function fromObjects(objects: readonly DesiredObject[], snapshot: Snapshot): Part[] {
  return objects.flatMap(({ kind, object, source }) => {
    const { namespace, name } = object.metadata;
    const end = namespaceEnd(snapshot, namespace);
    return end === undefined
      ? []
      : [{ namespace: namespace!, end, what: objectKey(kind.kind, namespace, name), source }];
  });
}

function warning(parts: readonly Part[]): Diagnostic {
  const { namespace, end, source } = parts[0]!;
  const what = some(parts.map((part) => part.what));
  const found = { severity: "warning", source, about: `Namespace ${namespace}` } as const;
  if (end === "absent") {
    return {
      ...found,
      code: "SP2602",
      message: `Namespace ${namespace} is not in the cluster; nothing is written for it (${what})`,
      hint: "create it, and the next sync writes them; or take them out of the plan",
    };
  }
  return {
    ...found,
    code: "SP2608",
    message: `Namespace ${namespace} is being deleted; nothing is written for it any more (${what})`,
    hint: "take them out of the plan; or create the Namespace again once it is gone",
  };
}
