import fc from "fast-check";
import { formatAddress } from "../../src/core/ip/address.js";
import { ledgerLines } from "../../src/core/ledger/ledger-lines.js";
import type { LedgerLine } from "../../src/core/ledger/line.js";
import { buildSnapshot, type Snapshot } from "../../src/core/snapshot.js";
import { endpoint, livePool } from "./objects.js";

/** Four addresses, one of them IPv6, of two pools. */
export const ADDRESSES = ["10.6.0.10", "10.6.0.11", "10.6.0.12", "fd00::10"];
const POD = ["d/a", "d/b", "d/c"];
const poolOf = (ip: string) => (ip.includes(":") ? "six" : "four");

/** Who is written down where; a record and an endpoint may disagree, and two Pods may have one address. */
interface State {
  readonly records: readonly ({ readonly pod: number; readonly uid: number } | null)[];
  readonly endpoints: readonly ({
    readonly uid: number;
    readonly node: number;
    readonly ips: readonly boolean[];
  } | null)[];
  readonly owned: boolean;
}

/** What comes to pass, how long after the step before, and whether the operator looks: it may miss some, or begin anew. */
export interface Step {
  readonly state: State;
  readonly after: number;
  readonly look: "watches" | "missed" | "started" | "blind";
}

const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const state: fc.Arbitrary<State> = fc.record({
  records: fc.tuple(...ADDRESSES.map(() => nullable(fc.record({ pod: fc.nat({ max: 2 }), uid: fc.nat({ max: 1 }) })))),
  endpoints: fc.tuple(
    ...POD.map(() =>
      nullable(
        fc.record({
          uid: fc.nat({ max: 1 }),
          node: fc.nat({ max: 1 }),
          ips: fc.tuple(...ADDRESSES.map(() => fc.boolean())),
        }),
      ),
    ),
  ),
  owned: fc.boolean(),
});

/** Histories of a cluster and of the operator that watches it. */
export const history = fc.array(
  fc.record<Step>({
    state,
    after: fc.integer({ min: 1, max: 40 * 3_600_000 }),
    look: fc.constantFrom("watches", "watches", "watches", "missed", "started", "blind"),
  }),
  { minLength: 1, maxLength: 9 },
);

/** The step's cluster as snapshots have it. */
export function snapshotOf({ records, endpoints, owned }: State): Snapshot {
  const used = (pool: string) =>
    Object.fromEntries(
      ADDRESSES.flatMap((ip, index) => {
        const record = records[index];
        return record && poolOf(ip) === pool
          ? [[ip, { pod: POD[record.pod], podUid: `${POD[record.pod]}-${record.uid}` }]]
          : [];
      }),
    );
  const pool = (name: string, subnet: string, ips: string[]) => ({
    ...livePool(name, { subnet, ips }, owned ? { install: "default", owner: `d/Deployment/app/eth0/${name}` } : {}),
    status: { allocatedIPs: JSON.stringify(used(name)) },
  });
  const held = endpoints.flatMap((one, index) => {
    const first = one && endpoint(POD[index]!, "four", "10.6.0.10");
    if (!first || !one) return [];
    const ips = ADDRESSES.filter((_, at) => one.ips[at]).map((ip) =>
      ip.includes(":")
        ? { interface: "eth0", ipv6: `${ip}/64`, ipv6Pool: "six" }
        : { interface: "eth0", ipv4: `${ip}/24`, ipv4Pool: "four" },
    );
    const current = { uid: `${POD[index]}-${one.uid}`, node: `node-${one.node}`, ips };
    return [{ ...first, status: { ...first.status, current } }];
  });
  const pools = [pool("four", "10.6.0.0/24", ["10.6.0.10-10.6.0.12"]), pool("six", "fd00::/64", ["fd00::10"])];
  return buildSnapshot([...pools, ...held], ["SpiderIPPool", "SpiderEndpoint"]);
}

/** Holders of an address or of all, each in one text: `ip pool pod uid`. */
export function holdersOf(snapshot: Snapshot, ip?: string): string[] {
  return [...snapshot.use.byAddress.values()]
    .flat()
    .map(({ address, pool, pod, uid }) => `${formatAddress(address)} ${pool} ${pod} ${uid}`)
    .filter((text) => ip === undefined || text.startsWith(`${ip} `))
    .sort();
}

/** One moment of a history: what was so from then on, what the operator had seen by then, and the lines it wrote. */
export interface Moment {
  readonly at: number;
  readonly truth: Snapshot;
  readonly seen: Snapshot | undefined;
  readonly lines: readonly LedgerLine[];
}

/** Plays a history from a time on, as an honest operator would write it down. */
export function playHistory(steps: readonly Step[], start: number): Moment[] {
  const moments: Moment[] = [];
  let [at, seen, lookedAt, blind] = [start, undefined as Snapshot | undefined, undefined as number | undefined, false];
  for (const { state, after, look } of steps) {
    at += after;
    const truth = snapshotOf(state);
    let lines: LedgerLine[] = [];
    if (look === "blind") blind = true;
    else {
      const before = look === "started" ? undefined : seen;
      const blindSince = before === undefined || blind || look === "missed" ? lookedAt : undefined;
      lines = ledgerLines(before, truth, { at, install: "default", revision: `r${moments.length}`, blindSince });
      [seen, lookedAt, blind] = [truth, at, false];
    }
    moments.push({ at, truth, seen, lines });
  }
  return moments;
}
