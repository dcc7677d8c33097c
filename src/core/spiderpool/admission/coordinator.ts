import type { Family } from "../../ip/address.js";
import { familyOf } from "../../ip/address.js";
import { goAddress, goCidr } from "../go-ip.js";
import { isFields } from "../json.js";
import { isTerminating, KEYS, type KubeObject } from "../objects.js";
import { type Denial, type FieldError, invalid, invalidObject, terminating } from "./denial.js";
import { hasFinalizer } from "./network-spec.js";

type Fields = Record<string, unknown>;

const DEFAULTS: Fields = {
  mode: "auto",
  tunePodRoutes: true,
  hostRuleTable: 500,
  podRPFilter: 0,
  txQueueLen: 0,
  vethLinkAddress: "",
  vethMTU: 1500,
};
const POD_CIDR_TYPES = ["auto", "cluster", "calico", "cilium", "none"];
const MAC_PREFIX = /^([0-9a-f]{2}):[0-9a-f]{2}$/i;

/** The mutating step on a SpiderCoordinator (M16); an unreadable address stops it. */
export function mutateCoordinator(object: KubeObject): KubeObject {
  const spec: Fields = { ...DEFAULTS, ...present(object.spec) };
  if (isTerminating(object)) return { ...object, spec };
  if (spec.podCIDRType === undefined) return { ...object, spec };
  const hijack = texts(spec.hijackCIDR).map(prefixForm);
  if (hijack.includes(undefined)) return { ...object, spec };
  spec.hijackCIDR = hijack;
  if (Array.isArray(spec.policyRoutes)) {
    spec.policyRoutes = spec.policyRoutes.map((route: Fields) => ({
      ...route,
      dst: prefixForm(String(route.dst)) ?? route.dst,
    }));
  }
  const finalizers = object.metadata.finalizers ?? [];
  return {
    ...object,
    metadata: {
      ...object.metadata,
      finalizers: hasFinalizer(object) ? finalizers : [...finalizers, KEYS.finalizer],
    },
    spec,
  };
}

/** The validating step for a new or changed SpiderCoordinator (C1). */
export function validateCoordinator(object: KubeObject): Denial | undefined {
  if (isTerminating(object)) {
    return hasFinalizer(object) ? terminating("C1", "Coordinator") : undefined;
  }
  const spec = present(object.spec);
  const missing = ["podCIDRType", "podRPFilter"].find((field) => spec[field] === undefined);
  const error =
    missing === undefined
      ? coordinatorSpecError("C1", "spec", spec)
      : invalid("C1", `spec.${missing}`, undefined, "must be set");
  return invalidObject("SpiderCoordinator", object.metadata.name, error === undefined ? [] : [error]);
}

/** Rules of a coordinator's fields, wherever they stand (X7, C1). */
export function coordinatorSpecError(rule: string, path: string, fields: Fields): FieldError | undefined {
  const spec = present(fields);
  const bad = (field: string, detail: string) => invalid(rule, `${path}.${field}`, spec[field], detail);
  const { podCIDRType, podMACPrefix, podRPFilter, txQueueLen, vethLinkAddress, vethMTU } = spec;
  if (podCIDRType !== undefined && !POD_CIDR_TYPES.includes(podCIDRType as string)) {
    return bad("podCIDRType", `supported values: ${POD_CIDR_TYPES.join(", ")}`);
  }
  if (texts(spec.hijackCIDR).some((text) => addressFamily(text) === undefined)) {
    return bad("hijackCIDR", "not an IP or CIDR");
  }
  if (!policyRoutesFit(spec.policyRoutes)) return bad("policyRoutes", "dst and gw must be of one family");
  if (typeof podMACPrefix === "string" && podMACPrefix !== "") {
    const match = MAC_PREFIX.exec(podMACPrefix);
    if (match === null) return bad("podMACPrefix", "not a MAC prefix such as 0a:1b");
    if (Number.parseInt(match[1]!, 16) % 2 === 1)
      return bad("podMACPrefix", "not a unicast MAC: its first byte is odd");
  }
  if (typeof txQueueLen === "number" && txQueueLen < 0) return bad("txQueueLen", "must not be negative");
  if (typeof podRPFilter === "number" && podRPFilter > 2)
    return bad("podRPFilter", "supported values: 0, 1, 2, negative");
  if (typeof vethLinkAddress === "string" && vethLinkAddress !== "" && goAddress(vethLinkAddress) === undefined) {
    return bad("vethLinkAddress", "not an IP address");
  }
  if (typeof vethMTU === "number" && vethMTU <= 0) return bad("vethMTU", "must be greater than 0");
  return undefined;
}

function policyRoutesFit(routes: unknown): boolean {
  if (!Array.isArray(routes)) return true;
  return routes.every((route: Fields) => {
    const gw = goAddress(String(route.gw ?? ""));
    return gw !== undefined && addressFamily(String(route.dst ?? "")) === familyOf(gw);
  });
}

function addressFamily(text: string): Family | undefined {
  if (text.includes("/")) return goCidr(text)?.family;
  const address = goAddress(text);
  return address === undefined ? undefined : familyOf(address);
}

function prefixForm(text: string): string | undefined {
  if (text.includes("/")) return text;
  const address = goAddress(text);
  return address === undefined ? undefined : `${text}/${text.includes(":") ? 128 : 32}`;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function present(spec: unknown): Fields {
  if (!isFields(spec)) return {};
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== null && value !== undefined));
}
