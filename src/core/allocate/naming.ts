import { type Owner, parseNicOwner, splitOwner, wholeNic } from "./owner.js";

/** Names of the pools of fixed NICs, and the pattern each NIC's Pod template carries. */
export interface PoolNames {
  /** `<stem>.<subnet key>`, `<stem>.slice.<declared pool>`, each with `.<ordinal>` for one Pod: an owner's pool in a subnet. */
  poolName(owner: Owner, subnet: string): string;
  /** `<stem>.*`: what the Pod template names; hits every pool of the owner's NIC and of nobody else (A5). */
  pattern(owner: Owner): string;
  /** The owner whose pattern hits a pool of this name. */
  ownerHitting(pool: string): Owner | undefined;
}

/**
 * Longest stem of a name: object names have 253 characters, `.` + a subnet key (a DNS label, 63) + `.` + the ordinal of
 * a Pod (10) follow. The stem does not depend on the subnet, or the pattern would change with it.
 */
const MAX_STEM = 253 - 64 - 11;

/**
 * Names for all owners of a plan together, so that no two share a name and no pattern hits another's pool.
 * An owner gets `<namespace>.<kind>.<workload>.<nic>`; where that is too long or taken it is cut and the hash of the
 * owner's key appended (DESIGN 4).
 * @param owners fixed NICs in order of precedence: of those that want the same name the first one gets it
 * @param live names of live pools by `owner/subnet`: an owner keeps the name its pool has
 */
export function poolNames(owners: Iterable<Owner>, live: ReadonlyMap<string, string> = new Map()): PoolNames {
  const wanted = [...new Set([...owners].map(wholeNic))];
  const stems = new Map<Owner, string>();
  const used = new UsedStems();
  for (const [owner, stem] of liveStems(wanted, live)) {
    if (used.accepts(stem)) stems.set(owner, used.add(stem));
  }
  for (const owner of wanted) {
    if (!stems.has(owner)) stems.set(owner, used.add(freeStem(owner, used)));
  }
  const ownerOf = new Map([...stems].map(([owner, stem]) => [stem, owner]));
  const stemOf = (owner: Owner) => stems.get(wholeNic(owner)) ?? plainStem(wholeNic(owner));
  return {
    poolName: (owner, subnet) => `${stemOf(owner)}${tailOf(owner, subnet)}`,
    pattern: (owner) => `${stemOf(owner)}.*`,
    ownerHitting: (pool) =>
      dottedPrefixes(pool)
        .map((prefix) => ownerOf.get(prefix))
        .find((owner) => owner !== undefined),
  };
}

/** Name of an owner's pool in a subnet where no other owner is in the way. */
export function poolName(owner: Owner, subnet: string): string {
  return `${plainStem(wholeNic(owner))}${tailOf(owner, subnet)}`;
}

/** Every name an owner's pool in a subnet may have been given, the likeliest first (a third owner of one name excepted). */
export function possiblePoolNames(owner: Owner, subnet: string): string[] {
  return possibleStems(owner).map((stem) => `${stem}${tailOf(owner, subnet)}`);
}

/** What the names of an owner's pools may begin with, the likeliest first (a third owner of one name excepted). */
export function possibleStems(owner: Owner): string[] {
  const nic = wholeNic(owner);
  const hashed = hashedStem(nic, 0);
  return [...new Set([plainStem(nic), hashed, hashed.replaceAll(".", "-")])];
}

/** What a pool's name begins with, or undefined if it does not end as a pool of this owner does in this subnet. */
export function stemIn(pool: string, owner: Owner, subnet: string): string | undefined {
  const tail = tailOf(owner, subnet);
  return pool.endsWith(tail) ? pool.slice(0, -tail.length) : undefined;
}

/** What follows the stem: one label for a subnet, two for a slice, then the ordinal; at most 64 + 11 characters. */
function tailOf(owner: Owner, subnet: string): string {
  const { slice, ordinal } = parseNicOwner(owner) ?? {};
  const whole = slice === undefined ? `.${subnet}` : `.slice.${sliceLabel(slice)}`;
  return ordinal === undefined ? whole : `${whole}.${ordinal}`;
}

/** A declared pool's name as one label. */
function sliceLabel(pool: string): string {
  const label = pool.replaceAll(".", "--");
  return label.length <= 57 ? label : `${label.slice(0, 48).replace(/-+$/, "")}-${hash8(pool)}`;
}

/** 32-bit FNV-1a of the UTF-16 code units, as 8 hex digits. */
export function hash8(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** What the names of a NIC's pools begin with where nobody else is in the way. */
export function plainStem(owner: Owner): string {
  const stem = spelledStem(owner);
  return stem.length <= MAX_STEM ? stem : hashedStem(owner, 0);
}

function spelledStem(owner: Owner): string {
  const parts = parseNicOwner(owner);
  if (parts === undefined) return owner.toLowerCase();
  const { namespace, kind, workload, nic } = parts;
  return `${namespace}.${kind}.${workload.replaceAll(".", "--")}.${nic}`.toLowerCase();
}

/** Cut plus hash; a cut never leaves a `.` or `-` before the hash, which would be no legal object name. */
function hashedStem(owner: Owner, salt: number): string {
  const hash = hash8(salt === 0 ? owner : `${owner}#${salt}`);
  const cut = spelledStem(owner)
    .slice(0, MAX_STEM - 9)
    .replace(/[.-]+$/, "");
  return `${cut}-${hash}`;
}

/** Plain, else hashed, else hashed without dots: below another's stem no hash at the end helps, only being one label. */
function freeStem(owner: Owner, used: UsedStems): string {
  for (const stem of [plainStem(owner), hashedStem(owner, 0)]) if (used.accepts(stem)) return stem;
  for (let salt = 0; ; salt++) {
    const stem = hashedStem(owner, salt).replaceAll(".", "-");
    if (used.accepts(stem)) return stem;
  }
}

/** The stems live pools show, if they are ones we would give: plain before hashed, so that the order of pools is nothing. */
function liveStems(owners: readonly Owner[], live: ReadonlyMap<string, string>): Map<Owner, string> {
  const known = new Set(owners);
  const found = new Map<Owner, string>();
  for (const [key, name] of live) {
    const part = splitOwner(key);
    const owner = wholeNic(part.owner);
    const stem = known.has(owner) ? stemIn(name, part.owner, part.subnet) : undefined;
    if (stem === undefined) continue;
    const hashed = hashedStem(owner, 0);
    if (stem === plainStem(owner)) found.set(owner, stem);
    else if (isOurs(stem, hashed) && !found.has(owner)) found.set(owner, stem);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Hashed, or of a name the workload had before (`moved`): four labels at least, which no name of a person's has. */
function isOurs(stem: string, hashed: string): boolean {
  return stem === hashed || stem === hashed.replaceAll(".", "-") || stem.split(".").length >= 4;
}

/** Stems given away, and whether another can stand beside them without one's pattern hitting the other's pools. */
class UsedStems {
  readonly #stems = new Set<string>();
  readonly #prefixes = new Set<string>();

  /** False if the stem is one in use, lies below one (`a.b` and `a.b.c`) or above one. */
  accepts(stem: string): boolean {
    if (this.#stems.has(stem) || this.#prefixes.has(stem)) return false;
    return !dottedPrefixes(stem).some((prefix) => this.#stems.has(prefix));
  }

  add(stem: string): string {
    this.#stems.add(stem);
    for (const prefix of dottedPrefixes(stem)) this.#prefixes.add(prefix);
    return stem;
  }
}

function dottedPrefixes(stem: string): string[] {
  const prefixes: string[] = [];
  for (let dot = stem.indexOf("."); dot >= 0; dot = stem.indexOf(".", dot + 1)) prefixes.push(stem.slice(0, dot));
  return prefixes;
}
