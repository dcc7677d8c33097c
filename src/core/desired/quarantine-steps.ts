import {
  isQuarantine,
  type QuarantineRecord,
  recordsOf,
  recordsText,
  reservedSets,
  shardNumber,
} from "../allocate/quarantine.js";
import { type OrderedStep, WAVES } from "../change/order.js";
import { identity, ownershipOf } from "../change/ownership.js";
import type { Diagnostic } from "../diagnostics.js";
import { type Family, familyOf } from "../ip/address.js";
import {
  addressSet,
  clip,
  EMPTY,
  equal,
  formatRangeSet,
  overlaps,
  type RangeSet,
  rangeSet,
  size,
  subtract,
  union,
} from "../ip/range-set.js";
import type { Snapshot } from "../snapshot.js";
import { KINDS, OWN, type SpiderReservedIP } from "../spiderpool/objects.js";
import { formatSpan } from "../time.js";
import { type Rest, reservedOf } from "./quarantine.js";
import { type Shard, shardsOf } from "./quarantine-shards.js";

/** How the quarantine's objects have to change. */
export interface QuarantineSteps {
  readonly steps: readonly OrderedStep[];
  readonly unchanged: number;
  readonly diagnostics: readonly Diagnostic[];
}

interface Context {
  readonly install: string;
  readonly families: readonly Family[];
  readonly seconds: number;
  /** Whether an object nothing rests in any more may be deleted. */
  readonly prune: boolean;
}

/**
 * The steps that make the quarantine hold exactly these records: new rests before any pool lets go of its addresses,
 * those that end after the pools that took them back have grown (DESIGN 7).
 */
export function quarantineSteps(rests: readonly Rest[], snapshot: Snapshot, context: Context): QuarantineSteps {
  const found = context.families.map((family) => familySteps(family, rests, snapshot, context));
  return {
    steps: [...found.flatMap(({ steps }) => steps), ...strays(snapshot, context)],
    unchanged: found.reduce((sum, { unchanged }) => sum + unchanged, 0),
    diagnostics: found.flatMap(({ diagnostics }) => diagnostics),
  };
}

/** Whether a step is one of the quarantine's. */
export function isQuarantineStep(step: Pick<OrderedStep, "kind" | "object">): boolean {
  return step.kind === KINDS.SpiderReservedIP && step.object.metadata.annotations?.[OWN.quarantine] !== undefined;
}

/** The steps that release addresses, saying how long those rest. */
export function tellRest(steps: readonly OrderedStep[], quarantine: QuarantineSteps, seconds: number): OrderedStep[] {
  const gained = quarantine.steps
    .filter(isQuarantineStep)
    .map((step) => step.added)
    .filter((set) => set.length > 0);
  return steps.map((step) => {
    const rests =
      step.kind === KINDS.SpiderIPPool &&
      step.blocked === undefined &&
      gained.some((set) => sameFamily(set, step.removed) && overlaps(set, step.removed));
    return rests ? { ...step, reason: `${step.reason}; ${restText(seconds)}` } : step;
  });
}

function restText(seconds: number): string {
  return `they rest ${formatSpan(seconds)} from the moment of release`;
}

function familySteps(family: Family, rests: readonly Rest[], snapshot: Snapshot, context: Context): QuarantineSteps {
  const own = rests.filter(({ range }) => familyOf(range.first) === family);
  const shards = shardsOf(own, snapshot, context.install, family);
  const [first] = shards;
  const foreign = first?.live === undefined ? undefined : ownershipOf(first.live, context.install);
  if (foreign?.type === "other") {
    return { steps: [], unchanged: 0, diagnostics: [otherInstall(first!.name, foreign.install)] };
  }
  const found = shards.map((shard, number) => shardSteps(shard, number, family, snapshot, context));
  return {
    steps: found.flatMap(({ steps }) => steps),
    unchanged: found.reduce((sum, { unchanged }) => sum + unchanged, 0),
    diagnostics: found.flatMap(({ diagnostics }) => diagnostics),
  };
}

/** What one SpiderReservedIP needs so that it holds its share of the records. */
function shardSteps(
  { name, live, records: own }: Shard<Rest>,
  number: number,
  family: Family,
  snapshot: Snapshot,
  context: Context,
): QuarantineSteps {
  const unknown = subtract(unexplained(snapshot, family, number, context), rangeSet(own.map(({ range }) => range)));
  const none = { steps: [], unchanged: 0, diagnostics: unknown.length === 0 ? [] : [unreadable(name, unknown)] };
  const wanted: Content = { ips: union(reservedOf(own, family), unknown), records: own };
  const empty = wanted.ips.length === 0 && own.length === 0;
  if (live === undefined) return empty ? none : { ...none, steps: [creation(name, family, wanted, context)] };
  const ownership = ownershipOf(live, context.install);
  if (ownership.type === "other") return { ...none, diagnostics: [otherInstall(name, ownership.install)] };
  if (empty && context.prune && ownership.type === "ours") return { ...none, steps: [deletion(live)] };
  const had = contentOf(live, family);
  const restarted = rangeSet(own.filter(({ since }) => since === "").map(({ range }) => range));
  const same = recordsText(own) === recordsText(had.records) && restarted.length === 0 && equal(wanted.ips, had.ips);
  if (same && ownership.type === "ours") return { ...none, unchanged: 1 };
  const added = union(subtract(wanted.ips, had.ips), restarted);
  const removed = subtract(had.ips, wanted.ips);
  if (added.length === 0) return { ...none, steps: [update(live, family, wanted, context, { removed })] };
  if (removed.length === 0) return { ...none, steps: [update(live, family, wanted, context, { added })] };
  const ending = had.records.flatMap((record) => clip([record.range], removed).map((range) => ({ ...record, range })));
  const between: Content = { ips: union(wanted.ips, had.ips), records: [...own, ...ending] };
  const first = update(live, family, between, context, { added });
  return { ...none, steps: [first, update(live, family, wanted, context, { removed })] };
}

interface Content {
  readonly ips: RangeSet;
  readonly records: readonly QuarantineRecord[];
}

function contentOf(live: SpiderReservedIP, family: Family): Content {
  return { ips: setsOf(live, family), records: recordsOf(live) };
}

function setsOf(live: SpiderReservedIP, family: Family): RangeSet {
  const sets = reservedSets(live);
  return family === 4 ? sets.v4 : sets.v6;
}

/** Reserved in our name without a readable record: nobody knows until when, so they stay unless somebody has them. */
function unexplained(snapshot: Snapshot, family: Family, number: number, { install, seconds }: Context): RangeSet {
  if (seconds === 0) return EMPTY;
  const found = [...snapshot.reserved.values()].flatMap((reserved) => {
    const shard = shardNumber(reserved.metadata.name, install, family);
    // What a quarantine under another name reserves goes to the first one.
    const here = shard === undefined ? number === 0 : shard === number;
    if (!here || !isQuarantine(reserved, install)) return [];
    const recorded = recordsOf(reserved).map(({ range }) => range);
    const same = rangeSet(recorded.filter((range) => familyOf(range.first) === family));
    return [...subtract(setsOf(reserved, family), same)];
  });
  if (found.length === 0) return EMPTY;
  const used = [...snapshot.use.byAddress.keys()].filter((address) => familyOf(address) === family);
  return subtract(rangeSet(found), addressSet(used));
}

function written(name: string, family: Family, { ips, records }: Content, { install }: Context): SpiderReservedIP {
  const annotations = { [OWN.quarantine]: recordsText(records) };
  const spec = { ipVersion: family, ...(ips.length > 0 && { ips: formatRangeSet(ips) }) };
  return { ...identity(install, KINDS.SpiderReservedIP, name, { annotations }), spec } as SpiderReservedIP;
}

function creation(name: string, family: Family, content: Content, context: Context): OrderedStep {
  const object = written(name, family, content, context);
  return {
    ...base(name),
    wave: WAVES.quarantine,
    action: "create",
    object,
    added: content.ips,
    ...why(content.ips, EMPTY, context),
  };
}

function update(
  live: SpiderReservedIP,
  family: Family,
  content: Content,
  context: Context,
  { added = EMPTY, removed = EMPTY }: { added?: RangeSet; removed?: RangeSet },
): OrderedStep {
  const { name } = live.metadata;
  const object = written(name, family, content, context);
  const { annotations, labels } = object.metadata;
  const adopts = ownershipOf(live, context.install).type === "none";
  // M11: an empty list would not be stored, so it is taken away.
  const spec = {
    ips: content.ips.length > 0 ? formatRangeSet(content.ips) : null,
    ...(live.spec.ipVersion === undefined && { ipVersion: family }),
  };
  return {
    ...base(name),
    wave: added.length > 0 ? WAVES.quarantine : WAVES.shrinkSubnets,
    action: adopts ? "adopt" : "update",
    object,
    patch: { metadata: { annotations, ...(adopts && { labels }) }, spec },
    live,
    added,
    removed,
    ...why(added, removed, context),
  };
}

function deletion(live: SpiderReservedIP): OrderedStep {
  const sets = reservedSets(live);
  return {
    ...base(live.metadata.name),
    wave: WAVES.shrinkSubnets,
    action: "delete",
    object: live,
    live,
    removed: sets.v4.length > 0 ? sets.v4 : sets.v6,
    reason: "nothing rests any more",
  };
}

/** Quarantines of ours under another name: their records are in ours now. */
function strays(snapshot: Snapshot, { install, families, prune }: Context): OrderedStep[] {
  if (!prune) return [];
  const isShard = (name: string) => families.some((family) => shardNumber(name, install, family) !== undefined);
  return [...snapshot.reserved.values()]
    .filter((reserved) => isQuarantine(reserved, install) && !isShard(reserved.metadata.name))
    .map((reserved) => ({ ...deletion(reserved), reason: "its addresses rest elsewhere now" }));
}

function why(added: RangeSet, removed: RangeSet, { seconds }: Context): { reason: string } {
  if (added.length > 0) return { reason: `released; ${restText(seconds)}` };
  return {
    reason: size(removed) > 0 ? "their rest is over, or their owner has them back" : "their record has been settled",
  };
}

function base(name: string) {
  const nothing = { added: EMPTY, removed: EMPTY, changes: [] as readonly string[], steering: [] as readonly string[] };
  return { kind: KINDS.SpiderReservedIP, namespace: undefined, name, ...nothing };
}

function sameFamily(a: RangeSet, b: RangeSet): boolean {
  return typeof a[0]?.first === typeof b[0]?.first;
}

function unreadable(name: string, addresses: RangeSet): Diagnostic {
  return {
    code: "SP4122",
    severity: "warning",
    message: `${name} reserves ${formatRangeSet(addresses).join(", ")}, but its record does not say who released them`,
    hint: "they stay reserved; take them out of its spec.ips by hand if nobody waits for them",
    about: `SpiderReservedIP ${name}`,
  };
}

function otherInstall(name: string, install: string): Diagnostic {
  return {
    code: "SP4111",
    severity: "error",
    message: `SpiderReservedIP ${name} belongs to install ${install}`,
    hint: "delete it; nothing that is released can rest until then",
    about: `SpiderReservedIP ${name}`,
  };
}
