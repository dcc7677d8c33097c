import { type Kind, type KubeObject, OWN } from "../spiderpool/objects.js";

/** Whose an object is, judged by its tracking id (DESIGN 4, Ownership). */
export type Ownership =
  | { readonly type: "ours" }
  | { readonly type: "other"; readonly install: string }
  /** No id, or one that names another object: a copy made by another tool (S28). */
  | { readonly type: "none" };

/** `<install>:<group>/<Kind>:<namespace>/<name>`: who keeps which object. */
export function trackingId(install: string, object: Pick<KubeObject, "apiVersion" | "kind" | "metadata">): string {
  return `${install}:${selfReference(object)}`;
}

/** Reads whose an object is; an id that does not name its own object says nothing. */
export function ownershipOf(object: KubeObject, install: string): Ownership {
  const id = object.metadata.annotations?.[OWN.trackingId];
  const self = selfReference(object);
  if (id === undefined || !id.endsWith(`:${self}`)) return { type: "none" };
  const owner = id.slice(0, id.length - self.length - 1);
  if (owner === "") return { type: "none" };
  return owner === install ? { type: "ours" } : { type: "other", install: owner };
}

/** The marks every object of ours carries: the label for selection, the id for truth. */
export function identity(
  install: string,
  kind: Kind,
  name: string,
  options: {
    namespace?: string;
    owner?: string;
    meta?: Readonly<Record<string, string>>;
    annotations?: Readonly<Record<string, string>>;
  } = {},
): KubeObject {
  const metadata = options.namespace === undefined ? { name } : { name, namespace: options.namespace };
  const annotations: Record<string, string> = { ...options.annotations };
  if (options.owner !== undefined) annotations[OWN.owner] = options.owner;
  if (options.meta !== undefined && Object.keys(options.meta).length > 0)
    annotations[OWN.meta] = sortedJson(options.meta);
  const object = { apiVersion: kind.apiVersion, kind: kind.kind, metadata };
  annotations[OWN.trackingId] = trackingId(install, object);
  return { ...object, metadata: { ...metadata, labels: { [OWN.managedByLabel]: OWN.managedBy }, annotations } };
}

/** JSON with keys in code-unit order, so that the same data is the same text. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function selfReference({ apiVersion, kind, metadata }: Pick<KubeObject, "apiVersion" | "kind" | "metadata">): string {
  const slash = apiVersion.indexOf("/");
  return `${slash < 0 ? "" : apiVersion.slice(0, slash)}/${kind}:${metadata.namespace ?? ""}/${metadata.name}`;
}
