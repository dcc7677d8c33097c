import { expect, test } from "vitest";
import type { Tenant } from "../../../src/core/cluster/tenants.js";
import type { Judgement } from "../../../src/core/verdict/impact.js";
import { inDanger } from "../../../src/core/verdict/verdict.js";
import { decideOn } from "../../support/decide.js";
import { livePool, liveSubnet } from "../../support/objects.js";
import { namespaceWith, running } from "../../support/running.js";

const plan = (pools: string) => `subnets:
  net: {cidr: 10.6.0.0/24, ranges: [10.6.0.10-10.6.0.200]}
pools:
${pools}`;
const ours = { install: "default" };
const net = liveSubnet("net", { subnet: "10.6.0.0/24", ips: ["10.6.0.10-10.6.0.200"] }, "default");
const p = livePool("p", { ips: ["10.6.0.10-10.6.0.19"], default: true }, ours);
const web = (objects = [net, namespaceWith("shop"), p]) =>
  running(objects, { name: "shop/web", pool: "p", addresses: ["10.6.0.10", "10.6.0.11", "10.6.0.12"] });

test("who loses its address is not counted among those who stay", async () => {
  const { verdict } = await decideOn(
    plan("  p: {subnet: net, addresses: [10.6.0.12-10.6.0.19], default: true}\n"),
    web(),
  );
  expect(verdict).toMatchObject({ stable: false, stays: 1, released: { length: 2 }, strands: [], moves: [] });
});

test("is unstable by one who strands and one who loses its address", async () => {
  const q = livePool("q", { ips: ["10.6.0.30-10.6.0.31"] }, ours);
  const live = running(web([net, namespaceWith("shop"), p, q]), {
    name: "shop/api",
    pool: "q",
    addresses: ["10.6.0.30"],
    annotations: { "ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["q"]}]' },
  });
  const asked = plan(
    "  p: {subnet: net, addresses: [10.6.0.11-10.6.0.19], default: true}\n  q: {subnet: net, addresses: [10.6.0.30-10.6.0.31], disabled: true, default: true}\n",
  );
  const { verdict, summary } = await decideOn(asked, live);
  expect(verdict).toMatchObject({ stable: false, released: { length: 1 }, strands: { length: 1 } });
  expect(summary).toMatchObject({ create: 0, update: 0, delete: 0, adopt: 0, blocked: 2 });
});

test("counts what is done by its action, and what is held back only as that", async () => {
  const asked = plan(
    "  p: {subnet: net, addresses: [10.6.0.12-10.6.0.19], default: true}\n  fresh: {subnet: net, addresses: [10.6.0.40], default: true, pods: {labels: {app: none}}}\n",
  );
  const gone = livePool("gone", { ips: ["10.6.0.50"] }, ours);
  const { summary } = await decideOn(asked, web([net, namespaceWith("shop"), p, gone]));
  expect(summary).toEqual({ create: 1, update: 0, delete: 1, adopt: 0, unchanged: 1, blocked: 1 });
});

test("a pool that leaves is told with those steps that wait for it, and no others", async () => {
  const owner = "shop/Deployment/old/eth0/net";
  const old = livePool(
    "shop.deployment.old.eth0.net",
    { ips: ["10.6.0.60"] },
    { ...ours, owner, used: { "10.6.0.60": "shop/old-1" } },
  );
  const asked = plan(
    "  p: {subnet: net, addresses: [10.6.0.12-10.6.0.19], default: true}\n  want: {subnet: net, addresses: [10.6.0.60], default: true}\n",
  );
  const { verdict } = await decideOn(asked, web([net, namespaceWith("shop"), p, old]));
  expect(verdict.leaving).toMatchObject([{ pool: old.metadata.name, inUse: 1, waiting: ["SpiderIPPool want"] }]);
});

test("who is in danger already is told with the last of the reasons, which is the failure", () => {
  const tenant: Tenant = {
    ...{ pod: "shop/web-0", nic: "eth0", family: 4, address: 1, pool: "p", recorded: [], keeps: "nothing" },
    ...{
      facts: undefined,
      workload: undefined,
      owner: "shop/Pod/web-0/eth0",
      followsTemplate: true,
      alternative: false,
    },
  };
  const judgement = { tenant, reasons: ["p: first", "p: second", "p is full"] };
  const danger: Judgement = { ...judgement, effect: "in danger already" };
  const judged = {
    judgements: [danger, { ...judgement, effect: "moves" } as Judgement],
    idle: [],
    stays: 1,
    classes: [],
  };
  expect(inDanger(judged).map(({ message, about }) => [message, about])).toEqual([
    [
      "shop/web-0 would get no address on eth0 at its next restart, with or without this plan: p is full",
      "shop/Pod/web-0/eth0",
    ],
  ]);
});
