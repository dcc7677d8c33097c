import { FreeSet } from "../../allocate/free-set.js";
import type { Address } from "../../ip/address.js";
import { addressSet, contains, type RangeSet, subtract } from "../../ip/range-set.js";
import { MAX_RECORDS } from "../../spiderpool/ipam/allocate.js";
import type { SpiderIPPool } from "../../spiderpool/objects.js";
import type { Scene } from "../../verdict/replay.js";

interface Room {
  readonly usable: RangeSet;
  readonly free: FreeSet;
  /** How many have an address; more than one only where the cluster is in danger already. */
  readonly holders: Map<Address, number>;
  /** How many usable addresses are held. */
  used: number;
}

/** The addresses of all pools while Pods come and go; a pool is opened when it is first asked about. */
export class Rooms {
  readonly #scene: Scene;
  readonly #rooms = new Map<string, Room>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** How many addresses of a pool can still be handed out (A13, F4). */
  free(pool: SpiderIPPool): number {
    const room = this.#room(pool);
    if (room.holders.size >= MAX_RECORDS) return 0;
    return this.#scene.capacity(pool) - room.used;
  }

  /** The address a pool hands out next: the lowest free one (A14). */
  lowest(name: string): Address | undefined {
    const pool = this.#scene.snapshot.pools.get(name);
    return pool && this.#room(pool).free.lowest(1)[0]?.first;
  }

  /** Records a holder. */
  take(name: string, address: Address): void {
    const pool = this.#scene.snapshot.pools.get(name);
    if (pool === undefined) return;
    const room = this.#room(pool);
    room.holders.set(address, (room.holders.get(address) ?? 0) + 1);
    if (room.free.runAt(address) === undefined) return;
    room.free.remove([{ first: address, last: address }]);
    room.used++;
  }

  /** Drops one holder's record; the address is free again when nobody else has it. */
  give(name: string, address: Address): void {
    const pool = this.#scene.snapshot.pools.get(name);
    if (pool === undefined) return;
    const room = this.#room(pool);
    const left = (room.holders.get(address) ?? 0) - 1;
    if (left > 0) {
      room.holders.set(address, left);
      return;
    }
    room.holders.delete(address);
    if (!contains(room.usable, address) || room.free.runAt(address) !== undefined) return;
    room.free.add([{ first: address, last: address }]);
    room.used--;
  }

  #room(pool: SpiderIPPool): Room {
    const { name } = pool.metadata;
    const known = this.#rooms.get(name);
    if (known !== undefined) return known;
    const { usable } = this.#scene.occupancy(pool);
    const holders = new Map<Address, number>();
    for (const { address } of this.#scene.snapshot.use.byPool.get(name) ?? []) {
      holders.set(address, (holders.get(address) ?? 0) + 1);
    }
    const same = [...holders.keys()].filter((address) => contains(usable, address));
    const room = { usable, free: new FreeSet(subtract(usable, addressSet(same))), holders, used: same.length };
    this.#rooms.set(name, room);
    return room;
  }
}
