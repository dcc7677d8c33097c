import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { decideOn, told } from "../support/decide.js";
import { livePool, liveSubnet } from "../support/objects.js";

/* Another tool that keeps what a plan adopts writes it again, or deletes it with what it made it of (SP4232). */

const PLAN = `subnets:
  net: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
pools:
  a: {subnet: net, addresses: [10.6.0.10-10.6.0.19]}
`;

interface Marks {
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}
const marked = (object: KubeObject, { labels, annotations }: Marks): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    labels: { ...object.metadata.labels, ...labels },
    annotations: { ...object.metadata.annotations, ...annotations },
  },
});
const pool = (install?: string) => livePool("a", { gateway: "10.6.0.1", ips: ["10.6.0.10-10.6.0.19"] }, { install });
const subnet = liveSubnet("net", { subnet: "10.6.0.0/24", ips: ["10.6.0.10-10.6.0.99"], gateway: "10.6.0.1" });

const warned = async (...live: KubeObject[]) => {
  const outcome = await decideOn(PLAN, live);
  const found = outcome.diagnostics.filter(({ code }) => code === "SP4232");
  return { steps: told(outcome), found, messages: found.map(({ message }) => message) };
};

const RELEASE = { "meta.helm.sh/release-name": "ipam", "meta.helm.sh/release-namespace": "infra" };
const HELM = { "app.kubernetes.io/managed-by": "Helm" };
const tracking = (name: string) => ({
  "argocd.argoproj.io/tracking-id": `net-app:spiderpool.spidernet.io/SpiderIPPool:infra/${name}`,
});
const INSTANCE = { "app.kubernetes.io/instance": "net-app" };
const KUSTOMIZATION = {
  "kustomize.toolkit.fluxcd.io/name": "infra",
  "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
};

describe("what another tool keeps", () => {
  test.each<[string, Marks, string, string]>([
    [
      "Helm, by its release",
      { annotations: RELEASE, labels: HELM },
      "Helm (release infra/ipam)",
      "resource-policy: keep",
    ],
    ["Helm, by its label alone", { labels: HELM }, "Helm", "resource-policy: keep"],
    ["Helm, whose chart names the instance", { labels: { ...HELM, ...INSTANCE } }, "Helm (release net-app)", "keep"],
    ["Argo CD, by its annotation", { annotations: tracking("a") }, "Argo CD (Application net-app)", "Prune=false"],
    [
      "Argo CD, that applies a chart",
      { annotations: tracking("a"), labels: { ...HELM, ...INSTANCE } },
      "Argo CD (Application net-app)",
      "Prune=false",
    ],
    [
      "Argo CD, by its label",
      { labels: INSTANCE },
      "Argo CD (Application net-app) or whoever set its instance label",
      "Prune=false",
    ],
    ["Flux", { labels: { ...KUSTOMIZATION, ...HELM } }, "Flux (Kustomization flux-system/infra)", "prune: disabled"],
  ])("%s", async (_what, marks, tool, remedy) => {
    const { steps, found, messages } = await warned(marked(pool(), marks));
    expect(steps.some((step) => step.includes("adopt SpiderIPPool a"))).toBe(true);
    expect(messages).toEqual([
      `the plan adopts what ${tool} keeps: SpiderIPPool a; both will write it, and that tool may delete it`,
    ]);
    expect(found[0]?.severity).toBe("warning");
    expect(found[0]?.hint).toContain(remedy);
  });

  test("one warning a tool, for pools and subnets alike", async () => {
    const { messages } = await warned(
      marked(pool(), { annotations: RELEASE }),
      marked(subnet, { annotations: RELEASE }),
    );
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain("keeps: SpiderIPPool a, SpiderSubnet net;");
  });
});

describe("no such warning", () => {
  test.each<[string, KubeObject]>([
    ["nobody keeps it", pool()],
    ["it is ours already", marked(pool("default"), { annotations: RELEASE })],
    ["a label of another kind", marked(pool(), { labels: { "app.kubernetes.io/managed-by": "hand" } })],
    ["a copy, whose tracking id names the original", marked(pool(), { annotations: tracking("b") })],
  ])("%s", async (_what, live) => {
    expect((await warned(live)).messages).toEqual([]);
  });

  test("an object of theirs that the plan does not adopt", async () => {
    const other = livePool("other", { gateway: "10.6.0.1", ips: ["10.6.0.90"] });
    expect((await warned(pool("default"), marked(other, { annotations: RELEASE }))).messages).toEqual([]);
  });
});
