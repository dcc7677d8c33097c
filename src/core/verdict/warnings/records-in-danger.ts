import { isOrphaned } from "../../cluster/lifecycle.js";
import { isReady } from "../../cluster/scheduling.js";
import type { Diagnostic } from "../../diagnostics.js";
import { type Address, compareAddresses, formatAddress } from "../../ip/address.js";
import { deletingThem } from "../../leftover-endpoints.js";
import type { Snapshot } from "../../snapshot.js";
import { isFields, parseJson } from "../../spiderpool/json.js";
import type { SpiderIPPool } from "../../spiderpool/objects.js";
import { type Holder, poolRecords } from "../../usage.js";
import type { Watch } from "./watch.js";
import { pods, some } from "./words.js";

/** Records of use in the plan's subnets that contradict each other or the Pods: addresses about to be given twice. */
export function recordsInDanger(watch: Watch): Diagnostic[] {
  const inPlan = new Set(
    [...watch.snapshot.pools.values()].filter((pool) => watch.inPlan(pool)).map((pool) => pool.metadata.name),
  );
  return [
    ...heldTwice(watch, inPlan),
    ...ofEarlierPods(watch, inPlan),
    ...disagreeing(watch, inPlan),
    ...onDeadNodes(watch, inPlan),
  ];
}

function heldTwice({ snapshot }: Watch, inPlan: ReadonlySet<string>): Diagnostic[] {
  const doubled: Holder[][] = [];
  for (const holders of snapshot.use.byAddress.values()) {
    if (holders.length > 1 && holders.some((one) => inPlan.has(one.pool)) && podsOf(holders).length > 1) {
      doubled.push([...holders]);
    }
  }
  return doubled
    .sort(([a], [b]) => compareAddresses(a!.address, b!.address))
    .map((holders) => ({
      code: "SP4222",
      severity: "warning",
      message: `${formatAddress(holders[0]!.address)} is in use by several Pods at once: ${some(podsOf(holders))}`,
      hint: partingHint(podsOf(holders), holders[0]!.address, snapshot),
    }));
}

/**
 * Whose address it is by its pool's record may keep it: a Pod without a record gives back nothing that another has (A17). A
 * StatefulSet's Pod would take the address again by its SpiderEndpoint (A19), so that goes first.
 */
function partingHint(users: readonly string[], address: Address, snapshot: Snapshot): string {
  const gone = users.filter((pod) => isOrphaned(snapshot, pod));
  const live = users.filter((pod) => !gone.includes(pod));
  if (live.length < 2) return deletingThem(gone.slice(live.length === 0 ? 1 : 0));
  const record = [...snapshot.pools.values()].flatMap(poolRecords).find((one) => one.address === address)?.pod;
  const keeper = record !== undefined && live.includes(record) ? record : undefined;
  const rest = keeper === undefined ? "all of them but one" : some(live.filter((pod) => pod !== keeper));
  const keeps = keeper === undefined ? "" : `; ${keeper} keeps it, as the pool has it on record`;
  return [deletingThem(gone), `restart ${rest}, a StatefulSet's Pod after deleting its SpiderEndpoint${keeps}`]
    .filter((text) => text !== "")
    .join("; ");
}

/** An endpoint left over from a Pod of the same name blocks or doubles the new one's address (I20). */
function ofEarlierPods({ snapshot }: Watch, inPlan: ReadonlySet<string>): Diagnostic[] {
  const stale: string[] = [];
  for (const [name, { status }] of snapshot.endpoints) {
    const current = status?.current;
    const uid = snapshot.pods.get(name)?.metadata.uid;
    if (!current?.uid || uid === undefined || uid === current.uid) continue;
    if (current.ips.some((ip) => inPlan.has(ip.ipv4Pool ?? "") || inPlan.has(ip.ipv6Pool ?? ""))) stale.push(name);
  }
  if (stale.length === 0) return [];
  return [
    {
      code: "SP4223",
      severity: "warning",
      message: `SpiderEndpoints with the UID of an earlier Pod of that name: ${some(stale.sort())}`,
      hint: "wait ten minutes for Spiderpool's garbage collection; where they stay so, delete the SpiderEndpoint (not a StatefulSet's: it holds the address), then restart the Pod",
    },
  ];
}

/** An endpoint's address that its pool has no record of may be given to the next Pod (I2, I9). */
function disagreeing({ snapshot }: Watch, inPlan: ReadonlySet<string>): Diagnostic[] {
  const lost: string[] = [];
  const users = new Set<string>();
  for (const name of inPlan) {
    const pool = snapshot.pools.get(name)!;
    // Where nobody wrote a status down, it is not known to disagree.
    if (pool.status === undefined) continue;
    const holders = (snapshot.use.byPool.get(name) ?? []).filter((holder) => holder.nic !== "");
    if (holders.length === 0) continue;
    const isRecorded = recordOf(pool);
    for (const { address, pod } of holders) {
      const text = formatAddress(address);
      if (isRecorded(text)) continue;
      lost.push(`${text} of ${pod}`);
      users.add(pod);
    }
  }
  if (lost.length === 0) return [];
  return [
    {
      code: "SP4224",
      severity: "warning",
      message: `in use by their SpiderEndpoint, but not on record in the status of their pool, so that another Pod may get them: ${some(lost.sort())}`,
      hint: recordingHint([...users].sort(), snapshot),
    },
  ];
}

/** A restart puts a Pod's address on record (A14, A19); an endpoint whose Pod is gone never comes to a record. */
function recordingHint(users: readonly string[], snapshot: Snapshot): string {
  const gone = users.filter((pod) => isOrphaned(snapshot, pod));
  const live = gone.length === users.length ? "" : `restart ${gone.length === 0 ? "these Pods" : "the others"}`;
  return [deletingThem(gone), live, "until then spiderplan counts the addresses as in use"]
    .filter((text) => text !== "")
    .join("; ");
}

/** Their addresses are taken until Spiderpool collects them, and StatefulSet Pods do not come back by themselves. */
function onDeadNodes({ snapshot }: Watch, inPlan: ReadonlySet<string>): Diagnostic[] {
  const dead = new Set([...snapshot.nodes.values()].filter((node) => !isReady(node)).map((node) => node.metadata.name));
  if (dead.size === 0) return [];
  const stranded = new Map<string, Set<string>>();
  for (const holders of snapshot.use.byAddress.values()) {
    for (const { pod, node, pool } of holders) {
      if (!dead.has(node) || !inPlan.has(pool)) continue;
      const same = stranded.get(node) ?? new Set();
      stranded.set(node, same.add(pod));
    }
  }
  return [...stranded]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([node, names]) => ({
      code: "SP4225",
      severity: "warning",
      message: `node ${node} is not ready, and ${pods(names.size)} on it hold addresses of the plan: ${some([...names].sort())}`,
      hint: "bring the node back or delete it; `spiderplan simulate --fail-nodes` shows whether their successors find an address",
    }));
}

/** In name order, as a snapshot keeps those of one address. */
function podsOf(holders: readonly Holder[]): string[] {
  return [...new Set(holders.map((holder) => holder.pod))];
}

/** Records of a short text are searched as they stand: parsing thousands of them is most of what the warnings cost. */
function recordOf(pool: SpiderIPPool): (address: string) => boolean {
  const text = pool.status?.allocatedIPs ?? "";
  if (text.length <= SHORT) return (address) => text.includes(`"${address}"`);
  const value = parseJson(text);
  const records = isFields(value) ? value : {};
  return (address) => Object.hasOwn(records, address);
}

const SHORT = 4096;
