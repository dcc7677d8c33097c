import { expect } from "vitest";
import {
  admit,
  looksAt,
  mutate,
  type Request,
  validate,
  type World,
} from "../../src/core/spiderpool/admission/admit.js";
import { CHART_DEFAULTS } from "../../src/core/spiderpool/facts.js";
import type {
  KubeObject,
  ObjectMeta,
  SpiderIPPool,
  SpiderMultusConfig,
  SpiderReservedIP,
  SpiderSubnet,
} from "../../src/core/spiderpool/objects.js";
import { worldOf } from "./cases.js";

/** One row of a rule table: the rule it stands for, what it says, and a check that fails if it does not hold. */
export interface RuleRow {
  readonly rule: string;
  readonly says: string;
  readonly check: () => void;
}

/** A row of a rule table. */
export function row(rule: string, says: string, check: () => void): RuleRow {
  return { rule, says, check };
}

const API = "spiderpool.spidernet.io/v2beta1";
const CIDR = "10.6.0.0/24";

type Meta = Partial<ObjectMeta>;

/** A pool as stored: labelled, with its finalizer, in 10.6.0.0/24 unless told otherwise. */
export function pool(
  name: string,
  spec: Partial<SpiderIPPool["spec"]> = {},
  more: Meta = {},
  status?: object,
): SpiderIPPool {
  const subnet = spec.subnet ?? CIDR;
  return {
    apiVersion: API,
    kind: "SpiderIPPool",
    metadata: {
      name,
      finalizers: ["spiderpool.spidernet.io"],
      ...more,
      labels: { "ipam.spidernet.io/ippool-cidr": dashed(subnet), ...more.labels },
    },
    spec: { subnet, ipVersion: subnet.includes(":") ? 6 : 4, default: false, disable: false, ...spec },
    ...(status ? { status } : {}),
  } as SpiderIPPool;
}

/** A subnet as stored. */
export function subnet(
  name: string,
  spec: Partial<SpiderSubnet["spec"]> = {},
  more: Meta = {},
  status?: object,
): SpiderSubnet {
  const cidr = spec.subnet ?? CIDR;
  return {
    apiVersion: API,
    kind: "SpiderSubnet",
    metadata: {
      name,
      uid: `uid-${name}`,
      finalizers: ["spiderpool.spidernet.io"],
      ...more,
      labels: { "ipam.spidernet.io/subnet-cidr": dashed(cidr), ...more.labels },
    },
    spec: { subnet: cidr, ipVersion: cidr.includes(":") ? 6 : 4, ...spec },
    ...(status ? { status } : {}),
  } as SpiderSubnet;
}

/** A reservation. */
export function reserved(name: string, spec: SpiderReservedIP["spec"], more: Meta = {}): SpiderReservedIP {
  return { apiVersion: API, kind: "SpiderReservedIP", metadata: { name, ...more }, spec };
}

/** A Multus network in kube-system. */
export function network(
  name: string,
  spec: SpiderMultusConfig["spec"],
  annotations: Record<string, string> = {},
): SpiderMultusConfig {
  return {
    apiVersion: API,
    kind: "SpiderMultusConfig",
    metadata: { name, namespace: "kube-system", annotations },
    spec,
  };
}

/** A coordinator with the two fields it cannot do without. */
export function coordinator(spec: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: API,
    kind: "SpiderCoordinator",
    metadata: { name: "default" },
    spec: { podCIDRType: "auto", podRPFilter: 0, ...spec },
  };
}

/** How a write meets the model: everything stored, and what differs from the chart's settings. */
export interface Setting {
  readonly stored?: readonly KubeObject[];
  readonly facts?: Partial<typeof CHART_DEFAULTS>;
  readonly world?: World;
}

/** Off: the subnet feature, as most cases judge pools alone. */
export const NO_SUBNETS: Setting = { facts: { enableSpiderSubnet: false } };

/** The rule a create is refused by, or `accept`. */
export function created(object: KubeObject, setting: Setting = {}): string {
  return verdict({ operation: "CREATE", object }, setting);
}

/** The rule an update is refused by, or `accept`. */
export function updated(old: KubeObject, object: KubeObject, setting: Setting = {}): string {
  return verdict({ operation: "UPDATE", object, old }, setting);
}

/** The rule a delete is refused by, or `accept`. */
export function deleted(object: KubeObject, setting: Setting = {}): string {
  return verdict({ operation: "DELETE", object }, setting);
}

/** The verdict of the validating step alone, as a client that skips the mutating one would meet it. */
export function validated(request: Request, setting: Setting = {}): string {
  return validate(request, cut("validate", request, setting), facts(setting))?.rule ?? "accept";
}

/** What the mutating step makes of an object. */
export function mutated<T extends KubeObject>(object: T, setting: Setting = {}): T & KubeObject {
  const request: Request = { operation: "CREATE", object };
  return mutate(request, cut("mutate", request, setting), facts(setting)) as T & KubeObject;
}

/** Expects every value to be the same. */
export function all<T>(values: readonly T[], expected: T): void {
  expect(values).toEqual(values.map(() => expected));
}

function verdict(request: Request, setting: Setting): string {
  const whole = admit(request, world(setting), facts(setting));
  const rule = whole.denial?.rule ?? "accept";
  // What `looksAt` names is enough: each step on its cut world comes to the same.
  if (rule !== "F6" && setting.world === undefined) {
    const object = mutate(request, cut("mutate", request, setting), facts(setting));
    expect(object).toEqual(whole.object);
    expect(validated({ ...request, object }, setting)).toBe(rule);
  }
  return rule;
}

/** The stored objects that the step says it looks at, and no others. */
function cut(step: "mutate" | "validate", request: Request, setting: Setting): World {
  if (setting.world !== undefined) return setting.world;
  const whole = worldOf(setting.stored ?? []);
  const seen = looksAt(step, request).map((part) => [part, whole[part]]);
  return { ...worldOf([]), ...Object.fromEntries(seen) };
}

function world({ stored = [], world: given }: Setting): World {
  return given ?? worldOf(stored);
}

function facts(setting: Setting): typeof CHART_DEFAULTS {
  return { ...CHART_DEFAULTS, ...setting.facts };
}

function dashed(cidr: string): string {
  return cidr.replaceAll(/[.:/]/g, "-");
}
