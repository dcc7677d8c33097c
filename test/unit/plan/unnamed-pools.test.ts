import { expect, test } from "vitest";
import { unnamedPools } from "../../../src/core/plan/unnamed-pools.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { planOf } from "../../support/decide.js";
import { deployment, livePool } from "../../support/objects.js";
import { namespaceWith } from "../../support/running.js";

const PLAN = (more = "") => `
subnets:
  net: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
pools:
  web: {subnet: net, addresses: [10.6.0.10]}
${more}`;
const naming = (name: string) => deployment("shop/app", { "ipam.spidernet.io/ippool": `{"ipv4":["${name}"]}` });

test.each<[what: string, live: KubeObject[], more: string, unnamed: boolean]>([
  ["nobody", [], "", true],
  ["a Namespace of the plan", [], "namespaces:\n  shop: {defaultPools: [web]}\n", false],
  ["a live template, which the plan need not know", [naming("web")], "", false],
  ["a live template by a pattern", [naming("w*")], "", false],
  ["a live template names another", [naming("webs")], "", true],
  ["a live Namespace", [namespaceWith("shop", ["web"])], "", false],
  ["a live Namespace by a pattern", [namespaceWith("shop", ["w*"])], "", false],
  ["a live default is taken back by the plan", [livePool("web", { default: true })], "", true],
])("SP2022, who names a declared pool: %s", async (_what, live, more, unnamed) => {
  const found = unnamedPools(await planOf(PLAN(more)), buildSnapshot(live, []));
  expect(found.map(({ code, about }) => `${code} ${about}`)).toEqual(unnamed ? ["SP2022 pool:web"] : []);
});
