import { type Address, type Family, formatAddress, parseAddress } from "../core/ip/address.js";
import { cidrRange, parseCidr, rangeContains } from "../core/ip/range.js";
import type { RangeSet } from "../core/ip/range-set.js";
import { chooseAddress, reservedAddresses } from "../core/spiderpool/ipam/allocate.js";
import { type Candidates, candidatesByNic } from "../core/spiderpool/ipam/candidates.js";
import { judgePool } from "../core/spiderpool/ipam/filter.js";
import type { PodFacts } from "../core/spiderpool/ipam/pod-facts.js";
import { traceOf } from "../core/spiderpool/ipam/run.js";
import { parseJson } from "../core/spiderpool/json.js";
import {
  type EndpointIP,
  KEYS,
  type KubeObject,
  type Route,
  type SpiderIPPool,
  type SpiderMultusConfig,
  type SpiderReservedIP,
} from "../core/spiderpool/objects.js";
import { SandboxError } from "./nics.js";
import type { Stage } from "./player.js";
import { writeRecords } from "./records.js";

/** What the agent's error message begins with (seen on v1.2.2). */
const FAILED = "failed to allocate IP addresses in standard mode";

/** The pools Spiderpool considers for each NIC of a Pod (A1-A6). @throws SandboxError */
export function candidatesOf(stage: Stage, pod: PodFacts, nics: readonly string[]): Map<string, Candidates> {
  const world = {
    pools: poolsOf(stage),
    multusConfigs: stage.mirror("SpiderMultusConfig").objects as ReadonlyMap<string, SpiderMultusConfig>,
    networkAttachments: stage.mirror("NetworkAttachmentDefinition").objects,
  };
  const found = new Map<string, Candidates>();
  const of = candidatesByNic(pod, world, stage.facts);
  for (const nic of nics) {
    const named = of(nic);
    if (named.error !== undefined) throw new SandboxError(`${FAILED}: ${named.error}`);
    found.set(nic, named);
  }
  return found;
}

/**
 * Takes an address of every family a NIC's candidates name, and records it in its pool.
 * @returns undefined where nothing is named: the Pod then starts without an address and without an error (A5)
 * @throws SandboxError when a family gets none (A10)
 */
export async function allocateNic(
  stage: Stage,
  pod: KubeObject,
  facts: PodFacts,
  nic: string,
  named: Candidates,
): Promise<EndpointIP | undefined> {
  const v4 = named.v4.length === 0 ? undefined : await allocateFamily(stage, pod, facts, nic, 4, named);
  const v6 = named.v6.length === 0 ? undefined : await allocateFamily(stage, pod, facts, nic, 6, named);
  if (v4 === undefined && v6 === undefined) return undefined;
  const routes = [v4, v6].flatMap((taken) => (taken === undefined ? [] : routesOf(taken.pool, facts)));
  return {
    interface: nic,
    ...(v4 && {
      ipv4: v4.text,
      ipv4Pool: v4.pool.metadata.name,
      ...(v4.pool.spec.gateway && { ipv4Gateway: v4.pool.spec.gateway }),
    }),
    ...(v6 && {
      ipv6: v6.text,
      ipv6Pool: v6.pool.metadata.name,
      ...(v6.pool.spec.gateway && { ipv6Gateway: v6.pool.spec.gateway }),
    }),
    vlan: 0,
    cleanGateway: named.cleanGateway ?? false,
    ...(routes.length > 0 ? { routes } : {}),
  };
}

interface Taken {
  readonly pool: SpiderIPPool;
  /** With the prefix length of the pool's subnet (S13). */
  readonly text: string;
}

async function allocateFamily(
  stage: Stage,
  pod: KubeObject,
  facts: PodFacts,
  nic: string,
  family: Family,
  named: Candidates,
): Promise<Taken> {
  const { eligible, refused, ranks } = traceOf(poolsOf(stage), stage.facts, facts, nic, family, named);
  const list = `[${(family === 4 ? named.v4 : named.v6).join(" ")}]`;
  if (eligible.length === 0) {
    const why = refused.map(({ pool, reason }) => `${reason} (IPPool ${pool})`).join("; ");
    throw new SandboxError(
      `${FAILED}: no IPPool available, all IPv${family} IPPools ${list} of ${nic} filtered out: ${why}`,
    );
  }
  // A12: among pools of one rank Spiderpool's choice is random; here it is the first by name, one of its outcomes.
  for (const pool of ranks.flat()) {
    const address = await take(stage, pod, facts, nic, family, pool.metadata.name);
    if (address !== undefined) return { pool, text: `${formatAddress(address)}/${pool.spec.subnet.split("/")[1]}` };
  }
  throw new SandboxError(
    `${FAILED}: failed to allocate any IPv${family} IP address to NIC ${nic} from IPPools ${list}: all IP addresses used out`,
  );
}

/** Records the lowest free address of a pool as stored now; undefined when it has none or closed meanwhile (A13-A15). */
async function take(
  stage: Stage,
  pod: KubeObject,
  facts: PodFacts,
  nic: string,
  family: Family,
  name: string,
): Promise<Address | undefined> {
  const reserved: RangeSet = reservedAddresses(stage.mirror("SpiderReservedIP").all() as SpiderReservedIP[], family);
  let address: Address | undefined;
  await writeRecords(stage, name, (pool, records) => {
    const open = judgePool(pool, facts, nic, family, stage.facts).eligible;
    const choice = open ? chooseAddress(pool, pod.metadata.uid ?? "", reserved) : undefined;
    address = choice?.address;
    if (choice === undefined || choice.reused) return undefined;
    const record = { pod: `${facts.namespace}/${facts.name}`, podUid: pod.metadata.uid ?? "" };
    return { ...records, [formatAddress(choice.address)]: record };
  });
  return address;
}

/** A25: the pool's routes, and those of the Pod whose gateway lies in its subnet. */
function routesOf(pool: SpiderIPPool, pod: PodFacts): Route[] {
  const cidr = parseCidr(pool.spec.subnet);
  const wished = parseJson(pod.annotations[KEYS.routes] ?? "[]");
  if (!Array.isArray(wished)) throw new SandboxError(`${FAILED}: annotation ${KEYS.routes} has an invalid format`);
  const inside = (wished as Route[]).filter(({ gw }) => {
    const gateway = parseAddress(gw);
    return cidr !== undefined && gateway !== undefined && rangeContains(cidrRange(cidr), gateway);
  });
  return [...(pool.spec.routes ?? []), ...inside];
}

function poolsOf(stage: Stage): ReadonlyMap<string, SpiderIPPool> {
  return stage.mirror("SpiderIPPool").objects as ReadonlyMap<string, SpiderIPPool>;
}
