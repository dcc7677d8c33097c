import { shortKey } from "../cluster/workload-of.js";
import { type Address, parseAddress } from "../ip/address.js";
import { contains } from "../ip/range-set.js";
import type { Statement } from "./statements.js";

/** What is asked: who has an address, which addresses an owner has, what carries a mark. */
export type WhoQuestion =
  | { readonly type: "address"; readonly address: Address }
  | { readonly type: "owner"; readonly owner: string }
  | { readonly type: "meta"; readonly key: string; readonly value: string };

/** An address, or else the name of an owner, a pool or a Pod. */
export function whoQuestion(text: string): WhoQuestion {
  const address = parseAddress(text);
  return address === undefined ? { type: "owner", owner: text } : { type: "address", address };
}

/**
 * Whether a text was meant as an address and is none: `10.10.0.300`, `10.10.0.0/24`, `fd00::1::2`. A name may look so too:
 * ask only where nothing has that name.
 */
export function isBadAddress(text: string): boolean {
  if (parseAddress(text) !== undefined) return false;
  const v4 = /^\d+\.\d+\.[^/]*(\/\d*)?$/.test(text) || /^\d[\d.]*[-/][\d.]+$/.test(text);
  return v4 || text.includes("::") || /^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*([%/-].*)?$/i.test(text);
}

/** What every source says of the address, the owner or the mark, in order of source and name. */
export function whoHas(all: readonly Statement[], question: WhoQuestion): Statement[] {
  switch (question.type) {
    case "address":
      return all.filter(({ addresses }) => holds(addresses, question.address));
    case "meta":
      return all.filter(({ meta }) => meta[question.key] === question.value);
    case "owner":
      return all.filter((one) => [one.who, ...one.also].some((name) => isPartOf(name, question.owner)));
  }
}

function holds(addresses: Statement["addresses"], address: Address): boolean {
  return typeof addresses[0]?.first === typeof address && contains(addresses, address);
}

/** `default/Deployment/app`, in short `default/app`, means all its NICs and subnets. */
function isPartOf(name: string, owner: string): boolean {
  if (name === owner || name.startsWith(`${owner}/`) || name === `pool:${owner}`) return true;
  const parts = name.split("/");
  return parts.length >= 3 && shortKey(parts.slice(0, 3).join("/")) === owner;
}
