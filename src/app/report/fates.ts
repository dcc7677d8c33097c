import { workloadOf } from "../../core/allocate/owner.js";
import type { Verdict, VerdictEntry } from "../../core/outcome.js";
import { podShown } from "../../core/usage.js";

/** Pods of one workload that lose their address in the same way for the same cause. */
export interface FateGroup {
  /** In words: `left without an address`. */
  readonly fate: string;
  /** `namespace/Kind/name`, or the Pod where it has no workload. */
  readonly workload: string;
  readonly interface: string;
  /** Each with its addresses of both families. */
  readonly pods: readonly { readonly name: string; readonly addresses: readonly string[] }[];
  readonly reasons: readonly string[];
  /** Whether an earlier group told the same reasons. */
  readonly sameReasons: boolean;
}

/** What a person can read of a refusal, and how much is left out. */
export interface FatesShown {
  readonly groups: readonly FateGroup[];
  readonly more: { readonly workloads: number; readonly pods: number };
}

const WORDS = { released: "released", strands: "left without an address", moves: "moves" } as const;
const MOST_GROUPS = 20;
const MOST_REASONS = 8;
const LONGEST_REASON = 400;

/**
 * Who would leave an address, grouped by workload and cause, cut after some groups. A Pod of two families is told once.
 */
export function fatesShown(verdict: Verdict): FatesShown {
  const groups = new Map<string, FateGroup & { readonly pods: { name: string; addresses: string[] }[] }>();
  for (const { fate, workload, pod, nic, addresses, reasons } of podFates(verdict)) {
    const key = JSON.stringify([fate, workload, nic, causeOf(reasons, pod, addresses)]);
    const group = groups.get(key);
    if (group !== undefined) group.pods.push({ name: pod, addresses });
    else
      groups.set(key, {
        fate,
        workload,
        interface: nic,
        pods: [{ name: pod, addresses }],
        reasons,
        sameReasons: false,
      });
  }
  const all = [...groups.values()];
  const cut = all.slice(MOST_GROUPS);
  const told = new Set<string>();
  return {
    groups: all.slice(0, MOST_GROUPS).map((group) => {
      const cause = JSON.stringify(group.reasons);
      const sameReasons = group.reasons.length > 0 && told.has(cause);
      told.add(cause);
      return { ...group, sameReasons, reasons: shortened(group.reasons) };
    }),
    more: {
      workloads: new Set(cut.map(({ workload }) => workload)).size,
      pods: cut.reduce((sum, { pods }) => sum + pods.length, 0),
    },
  };
}

interface PodFate {
  readonly fate: string;
  readonly workload: string;
  readonly pod: string;
  readonly nic: string;
  readonly addresses: string[];
  readonly reasons: string[];
}

/** One for each NIC of a Pod: what both of its families have to say, each reason once. */
function podFates(verdict: Verdict): Iterable<PodFate> {
  const found = new Map<string, PodFate>();
  for (const type of ["moves", "strands", "released"] as const) {
    for (const entry of verdict[type]) {
      const key = JSON.stringify([type, entry.pod, entry.interface]);
      const known = found.get(key);
      if (known === undefined) {
        found.set(key, {
          fate: WORDS[type],
          workload: workloadText(entry),
          pod: podShown(entry.pod),
          nic: entry.interface,
          addresses: [entry.address],
          reasons: [...new Set(entry.reasons)],
        });
        continue;
      }
      if (!known.addresses.includes(entry.address)) known.addresses.push(entry.address);
      for (const reason of entry.reasons) if (!known.reasons.includes(reason)) known.reasons.push(reason);
    }
  }
  return found.values();
}

function workloadText({ owner, pod }: VerdictEntry): string {
  return owner === "" ? podShown(pod) : workloadOf(owner);
}

/** Reasons without what is each Pod's own, so that the same cause reads the same. */
function causeOf(reasons: readonly string[], pod: string, addresses: readonly string[]): string {
  return [pod, ...addresses].reduce((text, own) => (own === "" ? text : text.replaceAll(own, "*")), reasons.join("\n"));
}

function shortened(reasons: readonly string[]): string[] {
  const shown = reasons.slice(0, MOST_REASONS).map((reason) => {
    return reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON - 3)}...` : reason;
  });
  return reasons.length > MOST_REASONS ? [...shown, `and ${reasons.length - MOST_REASONS} more reasons`] : shown;
}
