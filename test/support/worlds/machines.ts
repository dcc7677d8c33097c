import { explainNic, type FamilyExplanation } from "../../../src/core/query/explain.js";
import { findTarget } from "../../../src/core/query/explain-target.js";
import type { Snapshot } from "../../../src/core/snapshot.js";
import type { SpiderpoolFacts } from "../../../src/core/spiderpool/facts.js";
import { KEYS, KINDS, type Kind, type KubeObject, type SpiderEndpoint } from "../../../src/core/spiderpool/objects.js";
import { sceneOf } from "../../../src/core/verdict/replay.js";
import type { ClusterActor } from "../../../src/ports/cluster.js";
import { freeIn, heldBy, record } from "./agent.js";
import { admits, asked, type Family } from "./asking.js";
import type { Violation } from "./findings.js";
import type { LifeEvent } from "./life-spec.js";
import { endpointsOf, keyOf, type Objects, poolsOf, recordsOf, withRecords } from "./objects.js";
import { NAMESPACES, NETWORKS } from "./plan-model.js";

/**
 * KubeVirt's virtual machines. Spiderpool keeps what one has under its own name for as long as its object is there, whatever
 * starts and stops of it and whatever the pools say by then (A21, Z7).
 */

const { VirtualMachine, VirtualMachineInstance } = KINDS;

/** A cluster that serves the kinds of KubeVirt besides. */
export function withMachines(
  actor: ClusterActor,
  objects: (kind: string) => ReadonlyMap<string, KubeObject>,
): ClusterActor {
  const ours = (kind: Kind) => kind === VirtualMachine || kind === VirtualMachineInstance;
  const [served, list] = [actor.served.bind(actor), actor.list.bind(actor)];
  return Object.assign(actor, {
    served: async (kinds: readonly Kind[]) => new Set([...(await served(kinds)), ...kinds.filter(ours)]),
    list: async (kind: Kind, options?: Parameters<ClusterActor["list"]>[1]) =>
      ours(kind) ? { items: [...objects(kind.kind).values()], resourceVersion: "1" } : list(kind, options),
  });
}

/** Whether a Pod is what a VM runs in. */
export function isLauncher(pod: KubeObject): boolean {
  return pod.metadata.ownerReferences?.[0]?.kind === VirtualMachineInstance.kind;
}

/** The VMs' endpoints; each has the key of its VM. */
export function machinesOf(objects: Objects): SpiderEndpoint[] {
  const all = [...endpointsOf(objects).values()];
  return all.filter(({ status }) => status?.ownerControllerType === VirtualMachineInstance.kind);
}

export type MachineEvent = Extract<LifeEvent, { readonly type: "machine" }>;

/** Somebody starts, migrates, stops or deletes a VM. @returns in words */
export function machineEvent(objects: Objects, { machine, what, pool }: MachineEvent, uid: number): string {
  const namespace = NAMESPACES[machine % NAMESPACES.length]!;
  const name = `vm${machine}`;
  const key = `${namespace}/${name}`;
  const there = objects.all(VirtualMachine.kind).get(key);
  if (there === undefined && what > 1) return "nothing";
  const launchers = [...objects.all("Pod").values()].filter(
    (pod) => isLauncher(pod) && pod.metadata.ownerReferences![0]!.name === name,
  );
  const instance = objects.all(VirtualMachineInstance.kind).get(key);
  if (what === 2 && instance !== undefined) {
    for (const node of objects.all("Node").keys())
      if (launchers.length === 1) objects.put(launcher(launchers[0]!, node, uid));
    return `${key} begins to migrate`;
  }
  for (const pod of launchers) objects.remove(pod);
  if (instance !== undefined) objects.remove(instance);
  if (what === 3) return `${key} is stopped`;
  if (what === 4) {
    objects.remove(there!);
    forget(objects, key);
    return `${key} is deleted`;
  }
  return start(objects, { namespace, name }, there, pool, uid);
}

function start(
  objects: Objects,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  there: KubeObject | undefined,
  pool: number,
  uid: number,
): string {
  const key = `${namespace}/${name}`;
  const pools = [...poolsOf(objects).values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const first = launcherOf({ namespace, name }, [...objects.all("Node").keys()].sort()[0]!, {}, uid);
  const open = pools.filter((one) =>
    admits(objects, one, first, { nic: "eth0", family: familyOf(one.spec.ipVersion) }),
  );
  const chosen = open[pool % Math.max(1, open.length)];
  if (there === undefined && chosen === undefined) return "nothing";
  const names = chosen && { [`ipv${familyOf(chosen.spec.ipVersion)}`]: [chosen.metadata.name] };
  const machine = there ?? machineOf({ namespace, name }, names!);
  const { template } = machine.spec as { template: { metadata: { annotations: Record<string, string> } } };
  const pod = launcherOf(
    { namespace, name },
    (first.spec as { nodeName: string }).nodeName,
    template.metadata.annotations,
    uid,
  );
  const known = endpointsOf(objects).get(key);
  if (known === undefined) {
    const address =
      chosen && asked(objects, pod)?.has("eth0") && freeIn(objects, chosen, { kept: new Set(), givenBack: new Set() });
    if (chosen === undefined || !address) return "nothing";
    const current = {
      uid: pod.metadata.uid!,
      node: "",
      ips: [ipOf(address, chosen.metadata.name, familyOf(chosen.spec.ipVersion))],
    };
    objects.put({
      apiVersion: "spiderpool.spidernet.io/v2beta1",
      kind: "SpiderEndpoint",
      metadata: { namespace, name },
      status: { ownerControllerType: VirtualMachineInstance.kind, ownerControllerName: name, current },
    } as KubeObject);
    record(objects, chosen.metadata.name, address, { ...pod, metadata: { ...pod.metadata, name } });
  }
  objects.put(machine);
  objects.put(instanceOf({ namespace, name }));
  objects.put(pod);
  return `${key} starts`;
}

function familyOf(version: number | undefined): Family {
  return version === 6 ? 6 : 4;
}

function ipOf(address: string, pool: string, family: Family) {
  return family === 4
    ? { interface: "eth0", ipv4: `${address}/24`, ipv4Pool: pool }
    : { interface: "eth0", ipv6: `${address}/64`, ipv6Pool: pool };
}

function forget(objects: Objects, key: string): void {
  const endpoint = endpointsOf(objects).get(key);
  if (endpoint !== undefined) objects.remove(endpoint);
  for (const pool of poolsOf(objects).values()) {
    const kept = Object.entries(recordsOf(pool)).filter(([, { pod }]) => pod !== key);
    if (kept.length < Object.keys(recordsOf(pool)).length) objects.put(withRecords(pool, Object.fromEntries(kept)));
  }
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

function machineOf({ namespace, name }: Named, pools: object): KubeObject {
  const annotations = { [KEYS.defaultNetwork]: NETWORKS[0], [KEYS.ippool]: JSON.stringify(pools) };
  const template = { metadata: { labels: labelsOf(name), annotations }, spec: {} };
  const metadata = { namespace, name, uid: `uid-${name}` };
  return { apiVersion: "kubevirt.io/v1", kind: VirtualMachine.kind, metadata, spec: { template } };
}

function instanceOf({ namespace, name }: Named): KubeObject {
  const owner = { apiVersion: "kubevirt.io/v1", kind: VirtualMachine.kind, name, uid: `uid-${name}`, controller: true };
  const metadata = { namespace, name, uid: `uid-${name}-i`, ownerReferences: [owner] };
  return { apiVersion: "kubevirt.io/v1", kind: VirtualMachineInstance.kind, metadata };
}

function labelsOf(name: string) {
  return { app: name, tier: "x", "kubevirt.io/domain": name };
}

function launcherOf(
  { namespace, name }: Named,
  nodeName: string,
  annotations: Record<string, string>,
  uid: number,
): KubeObject {
  const kind = VirtualMachineInstance.kind;
  const owner = { apiVersion: "kubevirt.io/v1", kind, name, uid: `uid-${name}-i`, controller: true };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...{ namespace, name: `virt-launcher-${name}-${uid}`, uid: `launcher-${uid}`, labels: labelsOf(name) },
      annotations: { [KEYS.defaultNetwork]: NETWORKS[0], ...annotations },
      ownerReferences: [owner],
    },
    spec: { nodeName },
    status: { phase: "Running" },
  };
}

/** The Pod a VM comes to on another node. */
function launcher(old: KubeObject, nodeName: string, uid: number): KubeObject {
  const name = `${old.metadata.name}m`;
  return { ...old, metadata: { ...old.metadata, name, uid: `launcher-${uid}m` }, spec: { nodeName } };
}

/** Whether a VM's next start would leave Spiderpool: its network is gone, or asks somebody else. */
export function leavesSpiderpool(objects: Objects, machine: string): boolean {
  const { template } = (objects.all(VirtualMachine.kind).get(machine)?.spec ?? {}) as {
    template?: { metadata: { annotations: Record<string, string> } };
  };
  if (template === undefined) return false;
  const network = template.metadata.annotations[KEYS.defaultNetwork] ?? "";
  const config = objects.all("SpiderMultusConfig").get(network);
  return config === undefined || (config.spec as { disableIPAM?: boolean }).disableIPAM === true;
}

/** FIXED-8 for VMs: none is taken out of Spiderpool's hands. */
export function machineFaults(before: Objects, after: Objects): Violation[] {
  return machinesOf(before)
    .map(keyOf)
    .filter((key) => !leavesSpiderpool(before, key) && leavesSpiderpool(after, key))
    .map((key) => ({ invariant: "FIXED-8", message: `VM ${key} would lose its address with its network` }));
}

/** `explain` says of a VM that it gets what it has, whether it runs or not. */
export function machinesExplained(objects: Objects, snapshot: Snapshot, facts: SpiderpoolFacts): Violation[] {
  const scene = sceneOf(snapshot, facts);
  return machinesOf(objects).flatMap((endpoint) => {
    const key = keyOf(endpoint);
    if (leavesSpiderpool(objects, key)) return [];
    const [namespace, name] = key.split("/");
    const found = findTarget(snapshot, `${namespace}/VirtualMachine.kubevirt.io/${name}`, undefined, facts);
    if ("error" in found) return [{ invariant: "explain", message: `VM ${key} is not found: ${found.error}` }];
    const said = found.targets.flatMap((target) => explainNic(scene, target, "eth0").families.flatMap(kept)).sort();
    const has = heldBy(endpoint).map(({ address, pool }) => `${address} of ${pool}`);
    if (said.join() === has.sort().join()) return [];
    return [
      { invariant: "explain", message: `VM ${key} keeps ${has.join()}, and ${said.join() || "nothing"} is said` },
    ];
  });
}

function kept({ next }: FamilyExplanation): string[] {
  return next.filter((one) => one.kept).map(({ address, pool }) => `${address} of ${pool}`);
}
