import { expect, test } from "vitest";
import type { KubeObject, SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { applied, decideOn } from "../support/decide.js";
import { endpoint } from "../support/objects.js";
import { namespaceWith, node } from "../support/running.js";

const plan = (more = "") => `subnets:
  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
workloads:
  lab/VirtualMachine.kubevirt.io/win:
    pods: {labels: {vm: win}}
    interfaces: {eth0: {fixed: {subnets: [app]${more}}}}
`;

const BARE: KubeObject[] = [
  node("node-a"),
  namespaceWith("lab"),
  {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { namespace: "lab", name: "win", uid: "uid-win" },
    spec: { template: { metadata: { labels: { vm: "win" } }, spec: {} } },
  },
];

test("a KubeVirt VM has fixed addresses without replicas in the plan, and keeps its own through changes (A21)", async () => {
  const synced = applied(await decideOn(plan(), BARE), BARE);
  const name = "lab.virtualmachine.kubevirt.io.win.eth0.app";
  const pool = synced.find((one) => one.metadata.name === name) as SpiderIPPool;
  expect(pool.spec).toMatchObject({ ips: ["10.6.0.10-10.6.0.11"], podAffinity: { matchLabels: { vm: "win" } } });
  const recorded = endpoint("lab/win", name, "10.6.0.11");
  const live = [
    ...synced.filter((one) => one !== pool),
    {
      ...pool,
      status: { allocatedIPs: JSON.stringify({ "10.6.0.11": { pod: "lab/win", podUid: "u" } }) },
    },
    {
      ...recorded,
      status: { ...recorded.status!, ownerControllerType: "VirtualMachineInstance", ownerControllerName: "win" },
    },
  ];
  const again = await decideOn(plan(), live);
  expect(again.steps).toEqual([]);
  const fewer = await decideOn(plan(", elastic: 0"), live);
  expect(fewer.verdict).toMatchObject({ stable: true, moves: [], strands: [], released: [] });
  expect(fewer.allocations).toMatchObject([{ owner: "lab/VirtualMachine.kubevirt.io/win/eth0", addresses: [{}] }]);
});
