import type { Lock } from "../allocate/allocation.js";
import { ownerInSubnet } from "../allocate/owner.js";
import { promisedName } from "../allocate/promised.js";
import { reservedSets } from "../allocate/quarantine.js";
import { offered } from "../change/diff.js";
import { type OrderedStep, WAVES } from "../change/order.js";
import { identity, ownershipOf } from "../change/ownership.js";
import type { Diagnostic } from "../diagnostics.js";
import { type Family, familyOf } from "../ip/address.js";
import { addressesText } from "../ip/amount.js";
import { clip, EMPTY, equal, formatRangeSet, type RangeSet, rangeSet, size, subtract, union } from "../ip/range-set.js";
import type { Snapshot } from "../snapshot.js";
import { KINDS, OWN, type SpiderIPPool, type SpiderReservedIP } from "../spiderpool/objects.js";
import { isQuarantineStep } from "./quarantine-steps.js";

/** What decides which promised addresses nobody offers, beside the snapshot. */
export interface PromisedInput {
  readonly install: string;
  readonly families: readonly Family[];
  /** The lock as it should be after the run; it promises only what lock files hold. */
  readonly lock: Lock;
  /** Subnets of the plan. */
  readonly subnets: ReadonlySet<string>;
  /** The parts of the plan that are synced now; undefined = all. */
  readonly only?: readonly string[];
  /** The pools as this run leaves them, and the steps that do. */
  readonly poolsAfter: () => ReadonlyMap<string, SpiderIPPool>;
  /** What the quarantine reserves after this run. */
  readonly resting: (family: Family) => RangeSet;
  readonly steps: readonly OrderedStep[];
  /** Whether an object that keeps nothing any more may be deleted. */
  readonly prune: boolean;
}

/** How the objects that keep promised addresses have to change. */
export interface PromisedSteps {
  readonly steps: readonly OrderedStep[];
  readonly unchanged: number;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Keeps what the lock promises to an owner and no pool offers yet (`pending`, an owner that is stopped, a step that is held
 * back) in a SpiderReservedIP of ours: Z9: an automatic pool takes any free address that nothing in the cluster holds.
 * It is reserved before anything else happens, and let go once the owner's pool offers it (FIXED-5).
 */
export function promisedSteps(snapshot: Snapshot, input: PromisedInput): PromisedSteps {
  const found = input.families.map((family) => familySteps(family, snapshot, input));
  return {
    steps: found.flatMap(({ steps }) => steps),
    unchanged: found.reduce((sum, { unchanged }) => sum + unchanged, 0),
    diagnostics: found.flatMap(({ diagnostics }) => diagnostics),
  };
}

/** Whether a step is about a reservation of our own, one of those objects or a quarantine, rather than one of the plan. */
export function isOwnReservationStep(step: Pick<OrderedStep, "kind" | "object">): boolean {
  const promised = step.object.metadata.annotations?.[OWN.promised] !== undefined;
  return isQuarantineStep(step) || (step.kind === KINDS.SpiderReservedIP && promised);
}

function familySteps(family: Family, snapshot: Snapshot, input: PromisedInput): PromisedSteps {
  const name = promisedName(input.install, family);
  const live = snapshot.reserved.get(name);
  const none: PromisedSteps = { steps: [], unchanged: 0, diagnostics: [] };
  const held = heldIn(family, input);
  if (live === undefined && held.length === 0) return none;
  const ownership = live && ownershipOf(live, input.install);
  if (ownership?.type === "other") return { ...none, diagnostics: [otherInstall(name, ownership.install)] };
  const had = live === undefined ? EMPTY : reservedSets(live)[family === 4 ? "v4" : "v6"];
  const offeredAfter = offeredBy(input.poolsAfter(), family);
  const asked = subtract(union(heldIn(family, input, input.only), clip(had, held)), input.resting(family));
  const wanted = subtract(asked, clip(asked, offeredAfter));
  if (live === undefined)
    return wanted.length === 0 ? none : { ...none, steps: [creation(name, family, wanted, input)] };
  // What the owner's pool has by the first waves is let go then: a later wave may make Pods need it (FIXED-8).
  const ending = subtract(had, wanted);
  const early = ending.length === 0 ? EMPTY : clip(ending, offeredEarly(family, snapshot, input.steps));
  const contents: readonly (readonly [number, RangeSet])[] = [
    [WAVES.growSubnets, union(had, wanted)],
    [WAVES.networks, subtract(union(had, wanted), early)],
    [WAVES.shrinkSubnets, wanted],
  ];
  const steps: OrderedStep[] = [];
  let before = had;
  for (const [wave, content] of contents) {
    const adopts = ownership?.type === "none" && steps.length === 0 && wave === WAVES.shrinkSubnets;
    if (!adopts && equal(before, content)) continue;
    const gone = content.length === 0 && input.prune && ownership?.type === "ours";
    steps.push(gone ? deletion(live, wave, before) : update(live, family, wave, { before, content }, input));
    before = content;
  }
  if (steps.length === 0 && wanted.length === 0 && input.prune) steps.push(deletion(live, WAVES.shrinkSubnets, EMPTY));
  return { ...none, steps, unchanged: steps.length === 0 ? 1 : 0 };
}

/** What lock files hold for owners of the plan's subnets, or of its chosen parts. */
function heldIn(family: Family, { lock, subnets }: PromisedInput, only?: readonly string[]): RangeSet {
  if (!lock.files) return EMPTY;
  const isChosen = (names: readonly string[]) =>
    only === undefined || only.some((part) => names.some((name) => name === part || name.startsWith(`${part}/`)));
  const sets = [...lock.subnets].flatMap(([subnet, { held }]) =>
    subnets.has(subnet)
      ? [...held].flatMap(([owner, set]) =>
          isChosen([`subnet:${subnet}`, owner, ownerInSubnet(owner, subnet)]) ? [...ofFamily(set, family)] : [],
        )
      : [],
  );
  return rangeSet(sets);
}

/** What live pools offer already, and what pools gain in the first waves. */
function offeredEarly(family: Family, { pools }: Snapshot, steps: readonly OrderedStep[]): RangeSet {
  const gained = steps.filter(
    (step) => step.kind === KINDS.SpiderIPPool && step.blocked === undefined && step.wave <= WAVES.widenPools,
  );
  return rangeSet([...offeredBy(pools, family), ...gained.flatMap((step) => ofFamily(step.added, family))]);
}

function offeredBy(pools: ReadonlyMap<string, SpiderIPPool>, family: Family): RangeSet {
  const same = [...pools.values()].filter(({ spec }) => spec.subnet.includes(":") === (family === 6));
  return rangeSet(same.flatMap((pool) => offered(pool)));
}

function ofFamily(set: RangeSet, family: Family): RangeSet {
  return set.length > 0 && familyOf(set[0]!.first) === family ? set : EMPTY;
}

function written(name: string, family: Family, ips: RangeSet, install: string): SpiderReservedIP {
  const spec = { ipVersion: family, ...(ips.length > 0 && { ips: formatRangeSet(ips) }) };
  return {
    ...identity(install, KINDS.SpiderReservedIP, name, { annotations: { [OWN.promised]: "lock" } }),
    spec,
  } as SpiderReservedIP;
}

function creation(name: string, family: Family, ips: RangeSet, { install }: PromisedInput): OrderedStep {
  const object = written(name, family, ips, install);
  return { ...base(name), wave: WAVES.growSubnets, action: "create", object, added: ips, reason: keeps(ips) };
}

function update(
  live: SpiderReservedIP,
  family: Family,
  wave: number,
  { before, content }: { before: RangeSet; content: RangeSet },
  { install }: PromisedInput,
): OrderedStep {
  const { name } = live.metadata;
  const object = written(name, family, content, install);
  const { annotations, labels } = object.metadata;
  const added = subtract(content, before);
  // M11: an empty list would not be stored, so it is taken away.
  const spec = {
    ips: content.length > 0 ? formatRangeSet(content) : null,
    ...(live.spec.ipVersion === undefined && { ipVersion: family }),
  };
  return {
    ...base(name),
    wave,
    action: ownershipOf(live, install).type === "none" ? "adopt" : "update",
    object,
    patch: { metadata: { annotations, labels }, spec },
    live,
    added,
    removed: subtract(before, content),
    reason: added.length > 0 ? keeps(added) : "their owner's pool offers them, or the lock promises them no more",
  };
}

function deletion(live: SpiderReservedIP, wave: number, removed: RangeSet): OrderedStep {
  const object = {
    ...live,
    metadata: { ...live.metadata, annotations: { ...live.metadata.annotations, [OWN.promised]: "lock" } },
  };
  return {
    ...base(live.metadata.name),
    wave,
    action: "delete",
    object,
    live,
    removed,
    reason: "nothing waits any more",
  };
}

function keeps(ips: RangeSet): string {
  return `${addressesText(size(ips), "held by the lock")}, offered by no pool yet`;
}

function base(name: string) {
  const nothing = { added: EMPTY, removed: EMPTY, changes: [] as readonly string[], steering: [] as readonly string[] };
  return { kind: KINDS.SpiderReservedIP, namespace: undefined, name, ...nothing };
}

function otherInstall(name: string, install: string): Diagnostic {
  return {
    code: "SP4111",
    severity: "error",
    message: `SpiderReservedIP ${name} belongs to install ${install}`,
    hint: "delete it; what the lock promises is kept from automatic pools by nothing until then",
    about: `SpiderReservedIP ${name}`,
  };
}
