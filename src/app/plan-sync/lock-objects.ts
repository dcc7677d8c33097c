import { hash8 } from "../../core/allocate/naming.js";
import { type Address, formatAddress, parseAddress } from "../../core/ip/address.js";
import { KINDS, type KubeObject, OWN } from "../../core/spiderpool/objects.js";

/** The PlanSync a lock is of. */
export interface LockedPlanSync {
  readonly namespace: string;
  readonly name: string;
}

/** What is written into a ConfigMap of a lock. */
export interface LockContent {
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
}

/** Where a lock goes on: the ConfigMap that holds it from an address on. */
export interface NextPart {
  readonly first: Address;
  readonly name: string;
}

/** The label of all ConfigMaps of a PlanSync's lock. */
export const LOCK_LABEL = "spiderplan.io/lock-of";
const SUBNET_ANNOTATION = "spiderplan.io/subnet";
const NEXT_ADDRESS = "spiderplan.io/next-address";
const NEXT_PART = "spiderplan.io/next-part";
/** The whole lock of a subnet. */
const WHOLE = "lock.yaml";
/** A part of one. Another key, so that a version that does not know of parts refuses the lock rather than read the first part only. */
const PART = "part.yaml";

/** A label holds 63 characters, a name more. */
export function lockLabel({ name }: LockedPlanSync): string {
  return name.length <= 63 ? name : `${name.slice(0, 54)}-${hash8(name)}`;
}

/**
 * The names a subnet's lock may have, the usual one first. `a` and its subnet `b-c` want the same one as `a-b` and its
 * subnet `c`; who comes second takes the other.
 */
export function lockNames(planSync: LockedPlanSync, subnet: string): readonly [string, string] {
  const full = `spiderplan-lock-${planSync.name}-${subnet}`;
  const usual = full.length <= 253 ? full : `${full.slice(0, 244)}-${hash8(full)}`;
  return [usual, `${full.slice(0, 244)}-${hash8(`${planSync.name}/${subnet}`)}`];
}

/**
 * The name of a further part. It is that of the content it begins with, so that two who split one lock never write to the
 * same ConfigMap, and who splits it again after a crash finds what is there already.
 * @param salt for when the name is taken
 */
export function partName(planSync: LockedPlanSync, subnet: string, content: LockContent, salt: number): string {
  const [usual] = lockNames(planSync, subnet);
  const stem = usual.slice(0, 244).replace(/[.-]+$/, "");
  return `${stem}.${hash8(`${planSync.name}/${subnet}/${salt}/${JSON.stringify(content)}`)}`;
}

/** The subnet that a ConfigMap says it is for. */
export function subnetOf({ metadata }: KubeObject): string | undefined {
  return metadata.annotations?.[SUBNET_ANNOTATION];
}

/** Whether a ConfigMap is another PlanSync's lock of another subnet. */
export function isOthersLock({ metadata }: KubeObject, planSync: LockedPlanSync, subnet: string): boolean {
  const label = metadata.labels?.[LOCK_LABEL];
  const of = metadata.annotations?.[SUBNET_ANNOTATION];
  return label !== undefined && label !== lockLabel(planSync) && of !== undefined && of !== subnet;
}

/** What a ConfigMap says of its addresses, as a lock file says it. */
export function textOf({ data }: KubeObject, isPart: boolean): string {
  return data?.[isPart ? PART : WHOLE] ?? "";
}

/** Where the lock goes on behind a ConfigMap: "broken" when what it says of that cannot be read. */
export function nextPartOf({ metadata }: KubeObject): NextPart | "broken" | undefined {
  const address = metadata.annotations?.[NEXT_ADDRESS];
  const name = metadata.annotations?.[NEXT_PART];
  if (address === undefined && name === undefined) return undefined;
  const first = parseAddress(address ?? "");
  return first === undefined || name === undefined ? "broken" : { first, name };
}

/** Whether a ConfigMap holds just that. */
export function hasContent({ metadata, data }: KubeObject, content: LockContent): boolean {
  const { [SUBNET_ANNOTATION]: _, ...annotations } = metadata.annotations ?? {};
  return sameEntries(annotations, content.annotations) && sameEntries(data ?? {}, content.data);
}

function sameEntries(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** A new ConfigMap of a lock. */
export function lockObject(planSync: LockedPlanSync, subnet: string, name: string, content: LockContent): KubeObject {
  const { apiVersion, kind } = KINDS.ConfigMap;
  return {
    apiVersion,
    kind,
    metadata: {
      namespace: planSync.namespace,
      name,
      labels: { [OWN.managedByLabel]: OWN.managedBy, [LOCK_LABEL]: lockLabel(planSync) },
      annotations: { [SUBNET_ANNOTATION]: subnet, ...content.annotations },
    },
    data: { ...content.data },
  };
}

/** A ConfigMap's text, as it is kept. */
export function contentOf(text: string, isPart: boolean, next: NextPart | undefined): LockContent {
  return {
    annotations: next === undefined ? {} : { [NEXT_ADDRESS]: formatAddress(next.first), [NEXT_PART]: next.name },
    data: { [isPart ? PART : WHOLE]: text },
  };
}

/** The merge patch that makes a ConfigMap what it shall be, if nobody wrote it since. */
export function contentPatch(live: KubeObject, { annotations, data }: LockContent): object {
  const { uid, resourceVersion } = live.metadata;
  const gone = Object.keys(live.data ?? {}).filter((key) => !(key in data));
  return {
    metadata: { uid, resourceVersion, annotations },
    data: { ...Object.fromEntries(gone.map((key) => [key, null])), ...data },
  };
}
