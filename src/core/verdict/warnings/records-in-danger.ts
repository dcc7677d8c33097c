import { isReady } from "../../cluster/scheduling.js";
import type { Diagnostic } from "../../diagnostics.js";
import { compareAddresses, formatAddress } from "../../ip/address.js";
import { isFields, parseJson } from "../../spiderpool/json.js";
import type { SpiderIPPool } from "../../spiderpool/objects.js";
import type { Holder } from "../../usage.js";
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
      hint: "restart all of them but one",
    }));
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
      hint: "if they stay so, restart these Pods; Spiderpool's garbage collection comes every ten minutes",
    },
  ];
}

/** An endpoint's address that its pool has no record of may be given to the next Pod (I2, I9). */
function disagreeing({ snapshot }: Watch, inPlan: ReadonlySet<string>): Diagnostic[] {
  const lost: string[] = [];
  for (const name of inPlan) {
    const pool = snapshot.pools.get(name)!;
    // Where nobody wrote a status down, it is not known to disagree.
    if (pool.status === undefined) continue;
    const holders = (snapshot.use.byPool.get(name) ?? []).filter((holder) => holder.nic !== "");
    if (holders.length === 0) continue;
    const isRecorded = recordOf(pool);
    for (const { address, pod } of holders) {
      const text = formatAddress(address);
      if (!isRecorded(text)) lost.push(`${text} of ${pod}`);
    }
  }
  if (lost.length === 0) return [];
  return [
    {
      code: "SP4224",
      severity: "warning",
      message: `in use by their SpiderEndpoint, but not on record in the status of their pool, so that another Pod may get them: ${some(lost.sort())}`,
      hint: "restart these Pods; spiderplan counts the addresses as in use",
    },
  ];
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
