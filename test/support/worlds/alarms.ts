import { applyMergePatch } from "../../../src/core/change/merge-patch.js";
import type { Step } from "../../../src/core/change/step.js";
import type { Outcome, VerdictEntry } from "../../../src/core/outcome.js";
import { type KubeObject, OWN } from "../../../src/core/spiderpool/objects.js";
import { offeredBy } from "./addresses.js";
import { comeBack, heldBy } from "./agent.js";
import { asked, tried } from "./asking.js";
import type { Chance } from "./chance.js";
import type { Violation } from "./findings.js";
import { idleLosses } from "./idle.js";
import { asTemplate } from "./kubernetes.js";
import { leavesSpiderpool, machinesOf } from "./machines.js";
import { Copy, endpointsOf, keyOf, type Objects, poolsOf, reservedOf } from "./objects.js";
import { harmTo, holders, mayStrand } from "./restarts.js";
import { reservedAll } from "./standing.js";

/** Alarms of a verdict that no restart confirms, in any state the blocked change goes through. */
export function falseAlarms(before: Objects, outcome: Outcome, chance: Chance): Violation[] {
  const entries = [...outcome.verdict.moves, ...outcome.verdict.strands];
  if (entries.length === 0) return [];
  const some = statesOf(before, outcome.steps, ["verdict"]);
  const most = statesOf(before, outcome.steps, ["verdict", "depends", "conflict", "waiting"]);
  // What a blocked change would have taken out of our own reservations is not among the steps any more.
  const states = [
    ...some,
    ...most,
    ...[some, most].flatMap((list) => (list.length > 0 ? [withoutOwnReservations(list.at(-1)!)] : [])),
  ];
  return entries.flatMap((entry) =>
    states.some((state) => confirms(before, state, entry, chance))
      ? []
      : [
          {
            invariant: "false alarm",
            message: `nothing happens to ${entry.pod} (${entry.address}), yet: ${entry.reasons.join("; ")}`,
          },
        ],
  );
}

function confirms(before: Objects, state: Objects, entry: VerdictEntry, chance: Chance): boolean {
  const pod = before.all("Pod").get(entry.pod);
  if (machinesOf(before).some((machine) => keyOf(machine) === entry.pod)) return leavesSpiderpool(state, entry.pod);
  if (pod === undefined) return idleLosses(before, state, entry.pod).includes(entry.interface);
  const harm = harmTo(before, state, pod);
  if (entry.interface === "" ? harm.size > 0 : nicsTold(entry).some((nic) => harm.has(nic))) return true;
  const crowd = entry.reasons
    .map((reason) => /may come for the \d+ usable addresses of (.*)$/.exec(reason)?.[1])
    .find(Boolean);
  return crowd !== undefined && (outnumbered(state, crowd.split(", ")) || mayStrand(state, entry.pod, chance));
}

/** The NIC of an address, and one its Pod's successor has besides, which has no address yet to tell it by (FIXED-8). */
function nicsTold({ interface: nic, reasons }: VerdictEntry): string[] {
  return [nic, ...reasons.flatMap((reason) => / serves (\S+); before/.exec(reason)?.[1] ?? [])];
}

/**
 * DESIGN 6: those who have an address of these pools or may come for one are more than their usable addresses. NICs are
 * counted, not Pods: two NICs of one Pod can share an address (A15), but no network works like that.
 */
function outnumbered(objects: Objects, names: readonly string[]): boolean {
  const reserved = reservedAll(objects);
  const pools = names.flatMap((name) => poolsOf(objects).get(name) ?? []);
  const usable = new Set(pools.flatMap((pool) => offeredBy(pool).filter((address) => !reserved.has(address))));
  const rivals = holders(objects).flatMap((pod) => {
    const known = asTemplate(objects, pod);
    const held = heldBy(endpointsOf(objects).get(keyOf(pod))).filter(({ address }) => usable.has(address));
    const back = comeBack(objects, known);
    const coming = [...(asked(objects, known) ?? [])].filter(
      ([nic, wanted]) =>
        !back.has(nic) &&
        ([4, 6] as const).some((family) =>
          tried(objects, known, { nic, family }, wanted[family])
            .flat()
            .some((pool) => names.includes(pool.metadata.name)),
        ),
    );
    return [...new Set([...held.map(({ nic }) => nic), ...coming.map(([nic]) => nic)])];
  });
  const machines = machinesOf(objects)
    .flatMap(heldBy)
    .filter(({ address }) => usable.has(address));
  return rivals.length + machines.length > usable.size;
}

/**
 * What our own reservations hold back is let go with the change that needs it: what rests, once its owner's pool has it again
 * (DESIGN 7, a return), and what the lock promises, as soon as a pool offers it (W: a promise is reserved only while no pool
 * offers it; a reservation of an address that no pool offers means nothing to anybody).
 */
function withoutOwnReservations(objects: Objects): Objects {
  const copy = new Copy(objects);
  for (const reserved of [...reservedOf(copy).values()])
    if ([OWN.quarantine, OWN.promised].some((key) => reserved.metadata.annotations?.[key] !== undefined))
      copy.remove(reserved);
  return copy;
}

/** The cluster after each wave of the steps that are not held back, or only for these reasons. */
export function statesOf(before: Objects, steps: readonly Step[], reasons: readonly string[]): Objects[] {
  const states: Objects[] = [];
  const going = steps.filter((step) => step.blocked === undefined || reasons.includes(step.blocked.type));
  const state = new Copy(before);
  for (const wave of [...new Set(going.map((step) => step.wave))].sort((a, b) => a - b)) {
    for (const step of going.filter((one) => one.wave === wave)) carryOut(state, step);
    states.push(new Copy(state));
  }
  return states;
}

function carryOut(state: Copy, step: Step): void {
  const key = step.namespace ? `${step.namespace}/${step.name}` : step.name;
  const live = state.all(step.kind.kind).get(key);
  if (step.action === "delete") {
    if (live !== undefined) state.remove(live);
  } else state.put(live === undefined ? step.object : (applyMergePatch(live, step.patch ?? {}) as KubeObject));
}
