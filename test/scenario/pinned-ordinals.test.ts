import { describe, expect, test } from "vitest";
import type { KubeObject, SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { applied, decideOn, told } from "../support/decide.js";
import { namespaceWith, node } from "../support/running.js";

const plan = (replicas: number) => `subnets:
  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
workloads:
  shop/StatefulSet/db:
    replicas: ${replicas}
    interfaces: {eth0: {fixed: {subnets: [app], perPod: {0: 10.6.0.41}}}}
`;

const BARE: KubeObject[] = [
  node("node-a"),
  namespaceWith("shop"),
  {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { namespace: "shop", name: "db", uid: "uid-db" },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: "db" } },
      template: {
        metadata: {
          labels: { app: "db" },
          annotations: {
            "ipam.spidernet.io/ippools":
              '[{"interface":"eth0","ipv4":["spiderplan-none-v4","shop.statefulset.db.eth0.*"],"ipv6":["shop.statefulset.db.eth0.*"]}]',
          },
        },
      },
    },
  },
];

const pools = (objects: readonly KubeObject[]) =>
  objects
    .filter((one) => one.kind === "SpiderIPPool" && !one.metadata.name.startsWith("spiderplan-none"))
    .map((one) => one as SpiderIPPool);

/** The cluster with addresses of these ordinals in use. */
function withUsers(objects: readonly KubeObject[], ordinals: readonly number[]): KubeObject[] {
  return objects.map((one) => {
    const ordinal = ordinals.find((n) => one.metadata.name === `shop.statefulset.db.eth0.app.${n}`);
    if (ordinal === undefined) return one;
    const [ip] = (one as SpiderIPPool).spec.ips!;
    const allocatedIPs = JSON.stringify({ [ip!]: { pod: `shop/db-${ordinal}`, podUid: `uid-${ordinal}` } });
    return { ...one, status: { allocatedIPs } };
  });
}

describe("a StatefulSet with an address for each ordinal", () => {
  test("has one pool an ordinal that only that Pod can use, and nothing left to do then (FIXED-7)", async () => {
    const outcome = await decideOn(plan(3), BARE);
    const synced = applied(outcome, BARE);
    expect(pools(synced).map(({ metadata, spec }) => [metadata.name, spec.ips, spec.podAffinity])).toEqual(
      ["10.6.0.41", "10.6.0.42", "10.6.0.43"].map((ip, n) => [
        `shop.statefulset.db.eth0.app.${n}`,
        [ip],
        { matchLabels: { "statefulset.kubernetes.io/pod-name": `db-${n}` } },
      ]),
    );
    expect(pools(synced)[2]!.metadata.annotations?.["spiderplan.io/owner"]).toBe("shop/StatefulSet/db/eth0/app/2");
    expect(pools(synced)[2]!.spec.namespaceName).toEqual(["shop"]);
    const again = await decideOn(plan(3), synced);
    expect(again.steps).toEqual([]);
    expect(again.diagnostics).toEqual([]);
  });

  const scaled = (objects: readonly KubeObject[], replicas: number): KubeObject[] =>
    objects.map((one) => (one.kind === "StatefulSet" ? { ...one, spec: { ...(one.spec as object), replicas } } : one));

  test("fewer replicas: the pools behind go though the template's pattern hits them; those in use leave later", async () => {
    const synced = withUsers(applied(await decideOn(plan(3), BARE), BARE), [0, 1]);
    const outcome = await decideOn(plan(1), scaled(synced, 2));
    expect(told(outcome).join("\n")).toMatch(/delete SpiderIPPool shop.statefulset.db.eth0.app.2$/m);
    expect(told(outcome).join()).not.toContain("app.1");
    expect(outcome.verdict.leaving).toMatchObject([{ pool: "shop.statefulset.db.eth0.app.1", inUse: 1 }]);
    expect(outcome.verdict.stable).toBe(true);
  });

  test("an ordinal the live StatefulSet asks for keeps its pool while its Pod waits for something (FIXED-1)", async () => {
    const synced = withUsers(applied(await decideOn(plan(3), BARE), BARE), [0, 1]);
    const outcome = await decideOn(plan(1), synced);
    expect(told(outcome)).toEqual([]);
    expect(outcome.diagnostics).toMatchObject([{ code: "SP4219", about: "shop/StatefulSet/db/eth0" }]);
  });
});
