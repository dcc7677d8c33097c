import { KINDS, type Kind, type KubeObject, OWN } from "../../../src/core/spiderpool/objects.js";
import type { ClusterActor } from "../../../src/ports/cluster.js";
import { offeredBy } from "../worlds/addresses.js";
import { heldBy } from "../worlds/agent.js";
import { endpointsOf, keyOf, type Objects, poolsOf, recordsOf } from "../worlds/objects.js";
import { faultsOf, ownerOf, reservedAll } from "../worlds/standing.js";
import { QUARANTINE } from "./plans.js";

const LOOKED_AT: readonly Kind[] = [
  KINDS.SpiderIPPool,
  KINDS.SpiderEndpoint,
  KINDS.SpiderReservedIP,
  KINDS.StatefulSet,
  KINDS.Pod,
];

/** Times in objects are whole seconds, and we see a change a little after it was stored; in milliseconds. */
const SLACK = 1_500;

/**
 * Looks at a cluster after every change of a pool, a reservation, an endpoint or a Pod, address by address: FIXED-1,
 * FIXED-2, one Pod an address, one address an ordinal.
 */
export class Watcher {
  /** What was found, once each. */
  readonly violations = new Set<string>();
  looks = 0;
  readonly #ending = new AbortController();
  readonly #watching: Promise<unknown>;
  /** Which fixed owner an address left, and when. */
  readonly #left = new Map<string, { readonly owner: string; readonly at: number }>();
  #offers = new Map<string, Offer>();
  readonly #ordinals = new Map<string, string>();

  constructor(private readonly actor: ClusterActor) {
    this.#watching = Promise.all(LOOKED_AT.map((kind) => this.#follow(kind)));
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#watching;
  }

  /** Judges what is there now. */
  async look(): Promise<void> {
    this.looks++;
    const objects = await readAll(this.actor);
    for (const text of faultsOf(objects).values()) this.#tell("FIXED-1", text);
    for (const text of sharedAddresses(objects)) this.#tell("one Pod an address", text);
    this.#judgeOffers(objects, Date.now());
    this.#judgeOrdinals(objects);
  }

  async #follow(kind: Kind): Promise<void> {
    const { resourceVersion } = await this.actor.list(kind);
    for await (const _event of this.actor.watch(kind, resourceVersion, this.#ending.signal)) await this.look();
  }

  /** FIXED-2: what left a fixed owner is offered to nobody else before it has rested. */
  #judgeOffers(objects: Objects, now: number): void {
    const reserved = reservedAll(objects);
    const offers = offersIn(objects);
    for (const [address, { owner }] of this.#offers) {
      if (owner !== undefined && offers.get(address)?.owner !== owner && !this.#left.has(address))
        this.#left.set(address, { owner, at: now });
    }
    for (const [address, { owner, at }] of this.#left) {
      const offer = offers.get(address);
      if (offer?.owner === owner || now - at >= QUARANTINE - SLACK) this.#left.delete(address);
      else if (offer !== undefined && !reserved.has(address))
        this.#tell("FIXED-2", `${address}, released by ${owner} ${now - at} ms ago, is offered by ${offer.pool}`);
    }
    this.#offers = offers;
  }

  /** An ordinal below the StatefulSet's replicas has the address it had. */
  #judgeOrdinals(objects: Objects): void {
    for (const [key, { spec }] of objects.all("StatefulSet")) {
      const replicas = (spec as { replicas?: number }).replicas ?? 1;
      for (const pod of this.#ordinals.keys()) {
        if (pod.startsWith(`${key}-`) && Number(pod.slice(key.length + 1)) >= replicas) this.#ordinals.delete(pod);
      }
      for (let ordinal = 0; ordinal < replicas; ordinal++) {
        const pod = `${key}-${ordinal}`;
        const endpoint = endpointsOf(objects).get(pod);
        const [held] = endpoint === undefined ? [] : heldBy(endpoint);
        if (held === undefined) continue;
        const before = this.#ordinals.get(pod);
        if (before !== undefined && before !== held.address)
          this.#tell("ordinals", `${pod} had ${before} and has ${held.address}`);
        this.#ordinals.set(pod, held.address);
      }
    }
  }

  #tell(invariant: string, text: string): void {
    this.violations.add(`${invariant}: ${text}`);
  }
}

interface Offer {
  readonly pool: string;
  readonly owner: string | undefined;
}

function offersIn(objects: Objects): Map<string, Offer> {
  const offers = new Map<string, Offer>();
  for (const pool of poolsOf(objects).values()) {
    if (pool.metadata.annotations?.[OWN.trackingId] === undefined) continue;
    for (const address of offeredBy(pool)) offers.set(address, { pool: pool.metadata.name, owner: ownerOf(pool) });
  }
  return offers;
}

/** Addresses that two Pods that are there have, or that a pool books for another Pod than has it. */
function sharedAddresses(objects: Objects): string[] {
  const found: string[] = [];
  const users = new Map<string, string>();
  for (const [pod, endpoint] of endpointsOf(objects)) {
    for (const { address } of heldBy(endpoint)) {
      const other = users.get(address);
      if (other !== undefined) found.push(`${address} is ${other}'s and ${pod}'s`);
      users.set(address, pod);
    }
  }
  for (const pool of poolsOf(objects).values()) {
    for (const [address, { pod }] of Object.entries(recordsOf(pool))) {
      const other = users.get(address);
      if (other !== undefined && other !== pod) found.push(`${address} is booked for ${pod} and is ${other}'s`);
    }
  }
  return found;
}

/** In one turn of the event loop, so that nothing changes between two kinds. */
async function readAll(actor: ClusterActor): Promise<Objects> {
  const lists = await Promise.all(LOOKED_AT.map((kind) => actor.list(kind)));
  const kinds = new Map(
    LOOKED_AT.map(({ kind }, index) => [
      kind,
      new Map(lists[index]!.items.map((item): [string, KubeObject] => [keyOf(item), item])),
    ]),
  );
  return {
    all: (kind) => kinds.get(kind) ?? new Map(),
    put: () => {
      throw new Error("a look changes nothing");
    },
    remove: () => {
      throw new Error("a look changes nothing");
    },
  };
}
