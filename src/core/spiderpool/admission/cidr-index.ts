import { type Address, compareAddresses } from "../../ip/address.js";
import { networkAddress } from "../../ip/range.js";
import { type GoCidr, goCidr } from "../go-ip.js";

interface Entry {
  readonly key: string;
  readonly text: string;
  readonly order: number;
}

interface Readable extends Entry {
  readonly cidr: GoCidr;
}

/** What stands in the way of a CIDR: it shares an address with it, or nobody can tell. */
export interface InTheWay {
  readonly key: string;
  readonly readable: boolean;
}

/**
 * CIDRs of one family by key, in the order they came. Two CIDRs share an address only if one lies in the other, so that a
 * question costs a binary search and a look for each prefix length in use, not a comparison with every CIDR.
 */
export class CidrIndex {
  private readonly entries = new Map<string, Entry | Readable>();
  /** By first address. */
  private readonly sorted: Readable[] = [];
  /** By prefix length and first address: what a CIDR may lie in. */
  private readonly networks = new Map<number, Map<Address, Set<Readable>>>();
  private readonly unreadable = new Map<string, Entry>();
  private next = 0;

  constructor(private readonly version: number) {}

  /** Takes a CIDR; a key that is known keeps its place. */
  put(key: string, text: string): void {
    const order = this.entries.get(key)?.order ?? this.next++;
    this.delete(key);
    const cidr = goCidr(text);
    const entry = { key, text, order };
    if (cidr?.family === this.version) this.place({ ...entry, cidr });
    else {
      this.entries.set(key, entry);
      this.unreadable.set(key, entry);
    }
  }

  /** Forgets a key. */
  delete(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.unreadable.delete(key);
    if (!("cidr" in entry)) return;
    const { prefix, range } = entry.cidr;
    this.sorted.splice(this.sorted.indexOf(entry, this.from(range.first)), 1);
    const ofLength = this.networks.get(prefix)!;
    const same = ofLength.get(range.first)!;
    same.delete(entry);
    if (same.size === 0) ofLength.delete(range.first);
    if (ofLength.size === 0) this.networks.delete(prefix);
  }

  /**
   * The first, as they came, that stands in the way of a CIDR.
   * @param but a text that does not
   */
  inTheWay(text: string, but?: string): InTheWay | undefined {
    const cidr = goCidr(text);
    let found: (InTheWay & { readonly order: number }) | undefined;
    const offer = (entry: Entry, readable: boolean) => {
      if (entry.text !== but && (found === undefined || entry.order < found.order))
        found = { key: entry.key, order: entry.order, readable };
    };
    for (const entry of this.unreadable.values()) offer(entry, false);
    if (cidr?.family !== this.version) for (const entry of this.sorted) offer(entry, false);
    else for (const entry of this.sharing(cidr)) offer(entry, true);
    return found;
  }

  private *sharing({ range, prefix }: GoCidr): Generator<Readable> {
    for (let i = this.from(range.first); i < this.sorted.length; i++) {
      if (this.sorted[i]!.cidr.range.first > range.last) break;
      yield this.sorted[i]!;
    }
    for (const [length, ofLength] of this.networks)
      if (length < prefix) yield* ofLength.get(networkAddress(range.first, length)) ?? [];
  }

  private place(entry: Readable): void {
    const { prefix, range } = entry.cidr;
    this.entries.set(entry.key, entry);
    this.sorted.splice(this.from(range.first), 0, entry);
    const ofLength = this.networks.get(prefix) ?? new Map<Address, Set<Readable>>();
    this.networks.set(prefix, ofLength);
    ofLength.set(range.first, (ofLength.get(range.first) ?? new Set()).add(entry));
  }

  /** Index of the first entry that begins at or behind an address. */
  private from(address: Address): number {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAddresses(this.sorted[middle]!.cidr.range.first, address) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
