import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { podFacts } from "../../../src/core/cluster/pod-facts.js";
import { formatAddress } from "../../../src/core/ip/address.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { admit } from "../../../src/core/spiderpool/admission/admit.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { chooseAddress, reservedAddresses, withRecord } from "../../../src/core/spiderpool/ipam/allocate.js";
import { candidates } from "../../../src/core/spiderpool/ipam/candidates.js";
import { judgePool } from "../../../src/core/spiderpool/ipam/filter.js";
import { rankGroups } from "../../../src/core/spiderpool/ipam/order.js";
import { takesRecordBack } from "../../../src/core/spiderpool/ipam/retain.js";
import type { KubeObject, SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { worldOf } from "../../support/cases.js";
import { reserved } from "../../support/spiderpool.js";

const FOLDER = "../shared/cases/truth/";

interface Truth {
  readonly real: string;
  readonly before: Record<string, [string, string][]>;
  readonly after: Record<string, [string, string][] | { error: string }>;
  readonly refused: unknown;
}

type Edit = (objects: KubeObject[]) => KubeObject[];

const editSpec =
  (name: string, spec: object): Edit =>
  (objects) =>
    objects.map((object) =>
      object.kind === "SpiderIPPool" && object.metadata.name === name
        ? { ...object, spec: { ...(object.spec as object), ...spec } }
        : object,
    );

/** The edit each recorded plan makes, on the object it makes it. */
const EDITS: Record<string, Edit> = {
  "disable-deployment": editSpec("s2-a", { disable: true }),
  "disable-statefulset": editSpec("s3-a", { disable: true }),
  "gateway-route-edit": editSpec("s9-a", { routes: [{ dst: "10.250.0.0/16", gw: "10.109.0.2" }] }),
  "namespace-default-switched-statefulset": (objects) =>
    objects.map((object) =>
      object.kind === "Namespace"
        ? {
            ...object,
            metadata: { ...object.metadata, annotations: { "ipam.spidernet.io/default-ipv4-ippool": '["s15-b"]' } },
          }
        : object,
    ),
  "pod-affinity-away": editSpec("s0-a", { podAffinity: { matchLabels: { app: "other" } } }),
  "reserved-over-used": (objects) => [
    ...objects,
    reserved("s19-r", { ipVersion: 4, ips: ["10.119.0.10-10.119.0.11"] }),
  ],
  "two-pools-one-closed": editSpec("s8-a", { disable: true }),
};

/** Restarts every Pod at once, as the recording did, and tells what each has then. */
function restart(objects: readonly KubeObject[]): Map<string, string> {
  const snapshot = buildSnapshot(objects, []);
  const facts = { ...CHART_DEFAULTS, clusterNetwork: "kube-system/any" };
  const pools = new Map<string, SpiderIPPool>();
  for (const [name, pool] of snapshot.pools) pools.set(name, { ...pool, status: {} });
  const result = new Map<string, string>();
  for (const pod of snapshot.pods.values()) {
    const subject = podFacts(pod, snapshot);
    const found = candidates(subject, "eth0", { ...snapshot, pools }, facts);
    const old = snapshot.endpoints.get(`${subject.namespace}/${subject.name}`)?.status?.current?.ips[0];
    if (subject.controller?.kind === "StatefulSet" && old && takesRecordBack(old, found)) {
      result.set(subject.name, `${old.ipv4?.split("/")[0]} ${old.ipv4Pool}`);
      continue;
    }
    const eligible = found.v4
      .map((name) => pools.get(name)!)
      .filter((pool) => judgePool(pool, subject, "eth0", 4, facts).eligible);
    for (const pool of rankGroups(eligible).flat()) {
      const choice = chooseAddress(pool, subject.name, reservedAddresses(snapshot.reserved.values(), 4));
      if (choice === undefined) continue;
      const { name } = pool.metadata;
      pools.set(name, {
        ...pool,
        status: { allocatedIPs: withRecord(pool.status?.allocatedIPs, choice.address, "a/b", subject.name) },
      });
      result.set(subject.name, `${formatAddress(choice.address)} ${name}`);
      break;
    }
  }
  return result;
}

function read(name: string): { objects: KubeObject[]; truth: Truth } {
  const text = (file: string) => readFileSync(`${FOLDER}${name}/${file}`, "utf8");
  const { items } = JSON.parse(text("snapshot.json")) as { items: KubeObject[] };
  return { objects: items, truth: JSON.parse(text("truth.json")) as Truth };
}

const expected = (pods: Truth["after"]) =>
  Object.values(pods)
    .map((held) => (Array.isArray(held) ? held.map((entry) => entry.join(" ")).join() : ""))
    .sort();
const actual = (objects: readonly KubeObject[], pods: number) =>
  Array.from({ length: pods }, (_, i) => [...restart(objects).values()][i] ?? "").sort();

// What the real Spiderpool did to Pods (skipped where the recordings are not at hand).
describe.skipIf(!existsSync(FOLDER))("the agent's choice against the recordings", () => {
  it.each(Object.keys(EDITS))("%s", (name) => {
    const { objects, truth } = read(name);
    const pods = Object.keys(truth.before).length;
    expect(actual(objects, pods), "before the edit").toEqual(expected(truth.before));
    expect(actual(EDITS[name]!(objects), pods), truth.real).toEqual(expected(truth.after));
  });

  it("shrink-used: the webhook refuses to take an address in use", () => {
    const { objects, truth } = read("shrink-used");
    const old = objects.find((object) => object.kind === "SpiderIPPool")!;
    const [[address]] = Object.values(truth.before)[0] as [[string, string]];
    const object = { ...old, spec: { ...(old.spec as object), excludeIPs: [address] } };
    expect(truth.refused).toBeTruthy();
    expect(admit({ operation: "UPDATE", object, old }, worldOf(objects), CHART_DEFAULTS).denial?.rule).toBe("P16");
  });
});
