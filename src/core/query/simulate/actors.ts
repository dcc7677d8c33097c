import { templateFacts } from "../../cluster/pod-facts.js";
import type { Tenant } from "../../cluster/tenants.js";
import type { Address, Family } from "../../ip/address.js";
import { podTemplate } from "../../snapshot.js";
import { askedNics } from "../../spiderpool/ipam/nics.js";
import type { PodFacts } from "../../spiderpool/ipam/pod-facts.js";
import { isKind, type KubeObject } from "../../spiderpool/objects.js";
import { candidatesIn, type Scene } from "../../verdict/replay.js";
import type { Asker } from "../../verdict/standing.js";

/** An address and the pool it comes from. */
export interface Held {
  readonly pool: string;
  readonly address: Address;
}

/** One address a Pod asks for: one family of one NIC. */
export interface Demand extends Asker {
  pool: string;
  recorded: Asker["recorded"];
  /** What Spiderpool has on record for it, whether it runs or not; undefined for a Pod that never was. */
  own: Held | undefined;
  /** Whether that record counts as in use now. */
  holds: boolean;
}

/** A Pod in a simulation. */
export interface Actor {
  /** `namespace/name`; a Pod that is new has no name yet: `default/app (new 1)`. */
  readonly name: string;
  /** `namespace/Kind/name`. */
  readonly workload: string | undefined;
  /** Undefined: only the pool it holds is known. */
  readonly facts: PodFacts | undefined;
  /** Where it runs. */
  readonly node: string | undefined;
  readonly keeps: Tenant["keeps"];
  readonly demands: readonly Demand[];
}

/** Everybody who has an address, by Pod, in name order with ordinals as numbers. */
export function actorsOf(scene: Scene, tenants: readonly Tenant[]): Actor[] {
  const pods = new Map<string, Tenant[]>();
  // Of two possible successors the first is the one the template in force makes.
  for (const tenant of tenants.filter((one) => !one.alternative)) {
    const known = pods.get(tenant.pod);
    if (known === undefined) pods.set(tenant.pod, [tenant]);
    else known.push(tenant);
  }
  return [...pods.values()].map((own) => actorOf(scene, own)).sort((a, b) => byName(a.name, b.name));
}

function actorOf(scene: Scene, tenants: readonly Tenant[]): Actor {
  const [first] = tenants as [Tenant, ...Tenant[]];
  const { pod, workload, facts, keeps } = first;
  const endpoint = scene.snapshot.endpoints.get(pod);
  return {
    name: pod,
    workload,
    facts,
    node: facts?.node ?? endpoint?.status?.current?.node,
    keeps,
    demands: tenants
      .map(({ nic, family, pool, recorded, address, keeps }) => ({
        ...{ nic, family, pool, recorded, keeps },
        own: { pool, address },
        holds: true,
      }))
      .sort((a, b) => byName(a.nic, b.nic) || a.family - b.family),
  };
}

/**
 * A Pod the workload would add.
 * @param like a running Pod of it, which tells the NICs Spiderpool serves
 * @param ordinal of a StatefulSet's Pod; else `name` tells it apart from its siblings
 */
export function newcomer(
  scene: Scene,
  key: string,
  workload: KubeObject,
  like: Actor | undefined,
  which: { readonly ordinal: number } | { readonly name: string },
): Actor {
  const ordinal = "ordinal" in which ? which.ordinal : undefined;
  const facts = templateFacts(workload, scene.snapshot, ordinal);
  const name = "name" in which ? which.name : `${facts.namespace}/${facts.name}`;
  const keeps =
    ordinal !== undefined && isKind(workload, "apps", "StatefulSet") && scene.facts.enableStatefulSet
      ? "ordinal"
      : "nothing";
  const asked = askedNics(facts).filter((nic) => scene.asking(facts, nic).asks !== "no");
  const nics = like === undefined ? asked.sort() : [...new Set(like.demands.map((demand) => demand.nic))];
  const demands = nics.flatMap((nic) =>
    familiesOf(scene, facts, nic).map(
      (family): Demand => ({ nic, family, pool: "", recorded: [], keeps, own: undefined, holds: false }),
    ),
  );
  return { name, workload: key, facts, node: undefined, keeps, demands };
}

/** Families a NIC asks for; one that asks for none fails in IPv4 words (A6). */
function familiesOf(scene: Scene, facts: PodFacts, nic: string): Family[] {
  const found = candidatesIn(scene, facts, nic);
  const asked = ([4, 6] as const).filter((family) => (family === 4 ? found.v4 : found.v6).length > 0);
  return asked.length > 0 ? asked : [4];
}

/** The same Pod on a node. */
export function onNode(facts: PodFacts, node: string | undefined, scene: Scene): PodFacts {
  const found = node === undefined ? undefined : scene.snapshot.nodes.get(node);
  return { ...facts, node, nodeLabels: found && (found.metadata.labels ?? {}) };
}

/** A Pod that takes another's place while that one still has its addresses; one with a record of its own takes it over. */
export function successor(actor: Actor): Actor {
  if (actor.keeps !== "nothing") return actor;
  return {
    ...actor,
    demands: actor.demands.map((demand) => ({ ...demand, own: undefined, holds: false, pool: demand.pool })),
  };
}

/** The Pod as the workload's template makes it now, in place of how it was made. */
export function renewed(actor: Actor, workload: KubeObject): Actor {
  if (actor.facts === undefined) return actor;
  const { annotations = {}, labels = {} } = podTemplate(workload)?.metadata ?? {};
  return { ...actor, facts: { ...actor.facts, annotations, labels: { ...actor.facts.labels, ...labels } } };
}

/** `web-2` before `web-10`. */
export function byName(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  if (left.stem !== right.stem) return left.stem < right.stem ? -1 : 1;
  return left.number - right.number || (a < b ? -1 : a > b ? 1 : 0);
}

function split(name: string): { stem: string; number: number } {
  const match = /^(.*?)(\d{1,9})$/.exec(name);
  return match === null ? { stem: name, number: -1 } : { stem: match[1]!, number: Number(match[2]) };
}
