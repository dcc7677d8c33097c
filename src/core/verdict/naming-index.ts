import { applyMergePatch } from "../change/merge-patch.js";
import { type Step, stepKey } from "../change/step.js";
import { namespaceEnd } from "../cluster/namespaces.js";
import { networkNames } from "../desired/annotations.js";
import { podTemplate, type Snapshot } from "../snapshot.js";
import { GlobIndex, isPattern } from "../spiderpool/ipam/glob.js";
import { KEYS, KINDS, type KubeObject, objectKey } from "../spiderpool/objects.js";

/** Who names a pool or a network, so that taking it away would leave somebody pointing at nothing. */
export interface NamingIndex {
  /** What names this pool after the plan's own writes, in words; undefined = nobody. */
  readonly pool: (name: string) => string | undefined;
  /** Whether somebody names exactly this pool, not only by a pattern. */
  readonly literally: (name: string) => boolean;
  /** What names this network (`namespace/name`), in words. */
  readonly network: (name: string) => string | undefined;
}

/** Whether a template's naming a pool or network holds that back, or may be passed over. */
export type Heeds = (template: KubeObject, name: string) => boolean;

/**
 * Reads every live Pod template, Namespace and Multus config as it will be once the steps ran.
 * @param heeds asked only of templates that name what somebody looks for, since it may be costly
 */
export function namingIndex(snapshot: Snapshot, steps: readonly Step[], heeds: Heeds = () => true): NamingIndex {
  const written = new Map(
    steps.filter((step) => step.blocked === undefined).map((step) => [stepKey(step), step.patch ?? {}]),
  );
  const gone = new Set(steps.filter((step) => step.action === "delete" && step.blocked === undefined).map(stepKey));
  const after = (object: KubeObject): KubeObject | undefined => {
    const { kind, metadata } = object;
    // No Pod starts any more where the Namespace goes away: what is written there names nothing.
    const within = kind === KINDS.Namespace.kind ? metadata.name : metadata.namespace;
    if (namespaceEnd(snapshot, within) === "terminating") return undefined;
    const key = objectKey(kind, metadata.namespace, metadata.name);
    if (gone.has(key)) return undefined;
    const patch = written.get(key);
    return patch === undefined ? object : (applyMergePatch(object, patch) as KubeObject);
  };
  const pools = new Namers(heeds);
  const networks = new Namers(heeds);
  // In key order: of several who name it the same one is told, whatever order the API has (FIXED-4).
  for (const [key, workload] of inOrder(snapshot.workloads)) readTemplate(key, after(workload), pools, networks);
  for (const [, namespace] of inOrder(snapshot.namespaces)) readNamespace(after(namespace), pools);
  for (const [, config] of inOrder(snapshot.multusConfigs)) readMultus(after(config), pools);
  return {
    pool: (name) => pools.find(name),
    literally: (name) => pools.hasLiteral(name),
    network: (name) => networks.find(name),
  };
}

/** Who names something, in words; a Pod template besides, which may be passed over. */
interface Namer {
  readonly by: string;
  readonly name: string;
  readonly template?: KubeObject;
}

/** Literal names and patterns. */
class Namers {
  readonly #heeds: Heeds;
  readonly #literals = new Map<string, Namer[]>();
  readonly #patterns = new GlobIndex<Namer>();

  constructor(heeds: Heeds) {
    this.#heeds = heeds;
  }

  add(name: string, by: string, template?: KubeObject): void {
    const namer = { by, name, ...(template && { template }) };
    const same = this.#literals.get(name);
    if (isPattern(name)) this.#patterns.add(name, namer);
    else if (same === undefined) this.#literals.set(name, [namer]);
    else same.push(namer);
  }

  hasLiteral(name: string): boolean {
    return this.#literal(name) !== undefined;
  }

  find(name: string): string | undefined {
    const literal = this.#literal(name);
    if (literal !== undefined) return literal.by;
    for (const namer of this.#patterns.matching(name)) if (this.#isHeeded(namer)) return namer.by;
    return undefined;
  }

  #literal(name: string): Namer | undefined {
    return this.#literals.get(name)?.find((namer) => this.#isHeeded(namer));
  }

  #isHeeded({ template, name }: Namer): boolean {
    return template === undefined || this.#heeds(template, name);
  }
}

function readTemplate(key: string, workload: KubeObject | undefined, pools: Namers, networks: Namers): void {
  const annotations = workload && podTemplate(workload)?.metadata?.annotations;
  if (!annotations) return;
  const by = `the Pod template of ${key}`;
  const chosen = json(annotations[KEYS.ippools]);
  const single = json(annotations[KEYS.ippool]);
  for (const item of [...(Array.isArray(chosen) ? chosen : []), single]) {
    if (typeof item !== "object" || item === null) continue;
    const { ipv4, ipv6 } = item as { ipv4?: unknown; ipv6?: unknown };
    for (const name of [...strings(ipv4), ...strings(ipv6)]) pools.add(name, by, workload);
  }
  const namespace = workload.metadata.namespace ?? "";
  const texts = [annotations[KEYS.defaultNetwork], annotations[KEYS.networks]];
  for (const text of texts)
    for (const name of text ? networkNames(text, namespace) : []) networks.add(name, by, workload);
}

function readNamespace(namespace: KubeObject | undefined, pools: Namers): void {
  const annotations = namespace?.metadata.annotations ?? {};
  for (const key of [KEYS.namespaceDefaultV4, KEYS.namespaceDefaultV6]) {
    for (const name of strings(json(annotations[key]))) pools.add(name, `Namespace ${namespace?.metadata.name}`);
  }
}

function readMultus(config: KubeObject | undefined, pools: Namers): void {
  const by = `SpiderMultusConfig ${config?.metadata.namespace}/${config?.metadata.name}`;
  for (const block of Object.values((config?.spec ?? {}) as Record<string, unknown>)) {
    const ippools = (block as { ippools?: { ipv4?: unknown; ipv6?: unknown } } | null)?.ippools;
    for (const name of [...strings(ippools?.ipv4), ...strings(ippools?.ipv6)]) pools.add(name, by);
  }
}

function inOrder<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

function json(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((part) => typeof part === "string") : [];
}
