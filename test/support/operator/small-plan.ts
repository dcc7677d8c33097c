import { planText } from "./plan-text.js";

/** The subnet of the stories. */
export const SUBNETS = "subnets: {app: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.99]}}\n";
/** A plan of this subnet and pools of it. */
export const pools = (...lines: string[]) =>
  planText(`${SUBNETS}pools:\n${lines.map((line) => `  ${line}`).join("\n")}\n`);
export const NETWORK = planText("networks: {kube-system/net: {macvlan: {master: [eth1]}}}\n");
/** Pool x, up to an address. */
export const X = (last: number) => `x: {subnet: app, addresses: [10.6.0.10-10.6.0.${last}]}`;
export const Y = "y: {subnet: app, addresses: [10.6.0.80]}";
