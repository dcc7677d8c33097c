import type { DesiredObject } from "../change/desired-object.js";
import type { Family } from "../ip/address.js";
import { KINDS, OWN } from "../spiderpool/objects.js";

/** Name of the anchor pool of a family: the literal that makes a pattern without a hit fail loudly (A5, D6). */
export function anchorName(family: Family): string {
  return `spiderplan-none-v${family}`;
}

/** The disabled, empty pool that belongs to all installs: no tracking id, never pruned (DESIGN 4). */
export function anchorPool(family: Family): DesiredObject {
  const kind = KINDS.SpiderIPPool;
  return {
    kind,
    scope: "anchor",
    reason: "safety pool: a Pod whose own pools are missing fails loudly instead of starting without an address",
    object: {
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      metadata: {
        name: anchorName(family),
        labels: { [OWN.managedByLabel]: OWN.managedBy, [OWN.anchorLabel]: "true" },
      },
      spec: {
        subnet: family === 4 ? "192.0.2.255/32" : "2001:db8:ffff::ffff/128",
        ipVersion: family,
        default: false,
        disable: true,
      },
    },
  };
}
