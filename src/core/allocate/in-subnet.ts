import { formatCidr, parseCidr } from "../ip/range.js";
import type { Subnet } from "../plan/plan.js";
import type { SpiderIPPool } from "../spiderpool/objects.js";

/** Whether a live pool lies in a subnet of the plan: Spiderpool joins the two by equal CIDR (S19, S20). */
export function inSubnet(pool: SpiderIPPool, subnet: Subnet): boolean {
  const cidr = parseCidr(pool.spec.subnet);
  return cidr !== undefined && formatCidr(cidr) === formatCidr(subnet.cidr);
}
