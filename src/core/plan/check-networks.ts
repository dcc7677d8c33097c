import { child, type Diagnostic, type SourceRef } from "../diagnostics.js";
import { subnetsOfAsk } from "./nic-subnets.js";
import type { Plan } from "./plan.js";
import { fail } from "./scope.js";

/** The VLAN a subnet states agrees with every network that uses the subnet. */
export function checkVlans(plan: Plan, found: Diagnostic[]): void {
  const told = new Set<string>();
  for (const { subnet: subnetName, network: networkName, source, key, about } of uses(plan)) {
    const subnet = plan.subnets.get(subnetName);
    const network = plan.networks.get(networkName);
    if (subnet?.vlan === undefined || network?.vlan === undefined || subnet.vlan === network.vlan) continue;
    const pair = `${subnetName} ${networkName}`;
    if (told.has(pair)) continue;
    told.add(pair);
    const text = `subnet ${subnetName} is VLAN ${subnet.vlan}, network ${networkName} is VLAN ${network.vlan}`;
    fail({ at: child(source, key), about, found }, "SP2025", text, {
      hint: "correct one of the two, or use another network",
      related: [
        { note: "the subnet's VLAN is at", source: child(subnet.source, "vlan") },
        { note: "the network is at", source: network.source },
      ],
    });
  }
}

/** That a network serves a subnet, and the key of the entry that says so. */
interface Use {
  readonly subnet: string;
  readonly network: string;
  readonly source: SourceRef;
  readonly key: string;
  readonly about: string;
}

/** Where a network and a subnet meet: affinities of subnets and pools, interfaces. */
function* uses(plan: Plan): Generator<Use> {
  for (const { name, networks, source } of plan.subnets.values()) {
    for (const network of networks) yield { subnet: name, network, source, key: "networks", about: `subnet:${name}` };
  }
  for (const { name, subnet, networks, source } of plan.pools.values()) {
    for (const network of networks) yield { subnet, network, source, key: "networks", about: `pool:${name}` };
  }
  for (const { name, interfaces } of plan.workloads.values()) {
    for (const { ask, network, source } of interfaces.values()) {
      if (network === undefined || ask.type === "defaultPools") continue;
      for (const subnet of subnetsOfAsk(ask, plan.pools))
        yield { subnet, network, source, key: "network", about: name };
    }
  }
}
