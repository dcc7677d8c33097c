import { plainStem } from "../allocate/naming.js";
import { parseNicOwner, splitOwner } from "../allocate/owner.js";
import { isPodOf } from "../allocate/pods-of-owner.js";
import { workloadOfPod } from "../cluster/workload-of.js";
import { formatAddress } from "../ip/address.js";
import { recordedOwner, type Snapshot } from "../snapshot.js";
import { podShown } from "../usage.js";

/** An address of a fixed owner that a Pod of another workload holds: the one thing that must never happen. */
export interface Stranger {
  readonly address: string;
  readonly pool: string;
  readonly owner: string;
  readonly pod: string;
}

/** Everybody who holds an address of a fixed pool and is not its workload; who is unknown is no stranger. */
export function strangersIn(snapshot: Snapshot): Stranger[] {
  const found: Stranger[] = [];
  for (const [name, holders] of snapshot.use.byPool) {
    const pool = snapshot.pools.get(name);
    const recorded = pool && recordedOwner(pool);
    const nic = recorded === undefined ? undefined : parseNicOwner(splitOwner(recorded).owner);
    if (recorded === undefined || nic === undefined) continue;
    const workload = `${nic.namespace}/${nic.kind}/${nic.workload}`;
    for (const { address, pod } of holders) {
      const holder = workloadOfPod(snapshot, pod);
      if (holder === undefined || isPodOf(workload, pod, snapshot)) continue;
      // Renamed (`moved`): the pool bears the name the workload had before, and its Pods still do.
      if (name.startsWith(`${plainStem(`${holder}/${nic.nic}`)}.`)) continue;
      found.push({ address: formatAddress(address), pool: name, owner: recorded, pod: podShown(pod) });
    }
  }
  return found;
}
