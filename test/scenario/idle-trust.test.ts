import { describe, expect, test } from "vitest";
import { isBlocked } from "../../src/app/exit-code.js";
import type { KubeObject, SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { decideOn } from "../support/decide.js";
import { endpointOf, goesWith, maker, naming, network, ownedBy, podOf } from "../support/makers.js";
import { livePool } from "../support/objects.js";
import { namespaceWith, node } from "../support/running.js";

/*
 * Whose idle template may hold a change back: a template that nobody runs costs nothing to write, and `*` in it stopped the
 * plans of everybody else. Each way to name pools has a row; what holds nothing back is told (SP4206).
 */

const GATEWAY = "10.6.0.1";
const ips = (at: number) => `10.6.0.${at}0-10.6.0.${at}9`;
const OWN = "shop.deployment.web.eth0.net";
const NAMES = ["a", OWN, "shop.deployment.old.eth0.net", "shop.rollout.argoproj.io.web.eth0.net"];

/** A plan of these pools, every one with this beside its addresses; without any it deletes those that live. */
const plan = (names: readonly string[], change: string, settings = "") => `${settings}
subnets:
  net: {cidr: 10.6.0.0/24, gateway: ${GATEWAY}, ranges: [10.6.0.10-10.6.0.99]}
pools:${names.length === 0 ? " {}" : ""}
${names.map((name) => `  ${name}: {subnet: net, addresses: [${ips(NAMES.indexOf(name) + 1)}]${change}}`).join("\n")}
`;
const trusting = (...namespaces: string[]) => `settings: {trustedNamespaces: [${namespaces.join(", ")}]}`;
/** Every pool is closed, so that whoever names any strands. */
const closes = (settings = "") => plan(NAMES, ", disabled: true", settings);

const pools = (more: object = {}): SpiderIPPool[] =>
  NAMES.map((name, at) => livePool(name, { gateway: GATEWAY, ips: [ips(at + 1)], ...more }));
const BASE: KubeObject[] = [
  node("node-a"),
  network("net"),
  ...["shop", "pay", "kube-system"].map((name) => namespaceWith(name)),
];

const idle = (annotations: Record<string, string>, text = "apps/v1 Deployment shop/web", metadata = {}) =>
  maker(text, { annotations }, { metadata });
const listing = (...ipv4: string[]) => ({ "ipam.spidernet.io/ippools": JSON.stringify([{ interface: "eth0", ipv4 }]) });

interface Case {
  readonly what: string;
  readonly live: readonly KubeObject[];
  readonly plan?: string;
  /** `namespace/Kind/name/nic` of who holds the change back, and of who is told only. */
  readonly holds?: string;
  readonly told?: string;
}

function check(cases: readonly Case[]) {
  test.each(cases)("$what", async ({ live, plan: spec = closes(), holds, told }) => {
    const outcome = await decideOn(spec, [...BASE, ...pools(), ...live]);
    const { verdict, steps, diagnostics } = outcome;
    expect(verdict.strands.map(({ owner }) => owner)).toEqual(holds === undefined ? [] : [holds]);
    expect(verdict.stable).toBe(holds === undefined);
    const warned = diagnostics.filter(({ code }) => code === "SP4206");
    expect(warned.map(({ about, severity }) => `${severity} ${about}`)).toEqual(
      told === undefined ? [] : [`warning ${told}`],
    );
    for (const { message } of warned) expect(message).toContain(`a Pod of ${told} `);
    const blocked = steps.flatMap((step) => step.blocked?.message ?? []);
    if (holds === undefined) expect(blocked).toEqual([]);
    else expect(blocked[0]).toContain(`a Pod of ${holds} strands`);
    expect(isBlocked(outcome)).toBe(holds !== undefined);
  });
}

const WEB = "shop/Deployment/web/eth0";
const madeBy = (kind: string) =>
  ownedBy({ apiVersion: "argoproj.io/v1alpha1", kind, metadata: { name: "web", uid: "u" } });
const rollout = (kind: string) =>
  idle(naming("shop.rollout.argoproj.io.web.eth0.*"), "apps/v1 ReplicaSet shop/web-1", madeBy(kind));

describe("a wildcard that is not the template's own stops no change of a pool", () => {
  check([
    { what: "`*`", live: [idle(naming("*"))], told: WEB },
    { what: "`?`", live: [idle(naming("?"))], told: WEB },
    { what: "a class", live: [idle(naming("[a-z]"))], told: WEB },
    { what: "`*` in the annotation of all NICs", live: [idle(naming({ eth0: "*" }))], told: WEB },
    { what: "`*` beside a name", live: [idle(listing("shop.deployment.old.eth0.net", "[a]"))], told: WEB },
    { what: "the beginning of its Namespace's names", live: [idle(naming("shop.*"))], told: WEB },
    { what: "what only begins like its own", live: [idle(naming("shop.deployment.web*"))], told: WEB },
    { what: "another workload's", live: [idle(naming("shop.deployment.old.eth0.*"))], told: WEB },
    {
      what: "another Namespace's",
      live: [idle(naming("shop.deployment.web.eth0.*"), "apps/v1 Deployment pay/web")],
      told: "pay/Deployment/web/eth0",
    },
    {
      what: "that of a controller which is not above it",
      live: [rollout("Canary")],
      told: "shop/ReplicaSet/web-1/eth0",
    },
  ]);
});

describe("what is named any other way is held", () => {
  const { "ipam.spidernet.io/ippool": _, ...silent } = naming("a");
  const defaults = network("net", { macvlan: { master: ["ens1"], ippools: { ipv4: ["a"] } } });
  const renamed = livePool(
    "shop.deployment.before.eth0.net",
    { gateway: GATEWAY, ips: [ips(5)] },
    { install: "default", owner: `${WEB}/net` },
  );
  check([
    { what: "by name", live: [idle(naming("a"))], holds: WEB },
    { what: "by its own pattern", live: [idle(naming("shop.deployment.web.eth0.*"))], holds: WEB },
    { what: "by the pattern of what controls it", live: [rollout("Rollout")], holds: "shop/ReplicaSet/web-1/eth0" },
    { what: "by its Namespace's defaults", live: [idle({}), namespaceWith("shop", ["a"])], holds: WEB },
    { what: "by the cluster's defaults", live: [idle({}), ...pools({ default: true })], holds: WEB },
    { what: "by a network's defaults", live: [idle(silent), defaults], holds: WEB },
    {
      what: "by an annotation that is not the one in force",
      live: [idle({ ...listing("a"), "ipam.spidernet.io/ippool": '{"ipv4":["*"]}' })],
      holds: WEB,
    },
    {
      what: "by the pattern of a name the workload had before",
      live: [idle(naming("shop.deployment.before.eth0.*")), renamed],
      plan: `${closes().trim()}\n  shop.deployment.before.eth0.net: {subnet: net, addresses: [${ips(5)}], disabled: true}\n`,
      holds: WEB,
    },
  ]);
});

describe("with settings.trustedNamespaces", () => {
  const pay = "apps/v1 Deployment pay/web";
  const PAY = "pay/Deployment/web/eth0";
  check([
    {
      what: "a trusted one may use any wildcard",
      live: [idle(naming("*"))],
      plan: closes(trusting("shop")),
      holds: WEB,
    },
    {
      what: "a trusted one names a pool",
      live: [idle(naming("a"))],
      plan: closes(trusting("pay", "shop")),
      holds: WEB,
    },
    {
      what: "another one holds nothing by name",
      live: [idle(naming("a"), pay)],
      plan: closes(trusting("shop")),
      told: PAY,
    },
    {
      what: "nor by its own pattern",
      live: [idle(naming("shop.deployment.web.eth0.*"))],
      plan: closes(trusting("pay")),
      told: WEB,
    },
    {
      what: "nor by defaults",
      live: [idle({}), ...pools({ default: true })],
      plan: closes(trusting("pay")),
      told: WEB,
    },
    { what: "none is trusted", live: [idle(naming("a"))], plan: closes(trusting()), told: WEB },
  ]);
});

describe("a pool that goes", () => {
  /** Only the pool a stays; what is held back of the others, and by whom. */
  async function held(settings: string, ...live: KubeObject[]) {
    const marked = NAMES.map((name, at) =>
      livePool(name, { gateway: GATEWAY, ips: [ips(at + 1)] }, { install: "default" }),
    );
    const { steps } = await decideOn(plan(["a"], "", settings), [...BASE, ...marked, ...live], { pruneBudget: 9 });
    const deletes = steps.filter(({ action }) => action === "delete");
    expect(deletes).toHaveLength(3);
    return deletes.flatMap(({ name, blocked }) => (blocked ? [`${name} ${blocked.message}`] : []));
  }
  const by = (pool: string, workload: string) =>
    `${pool} the Pod template of ${workload} still names it; take that away first`;
  const web = "shop/Deployment/web";
  const running = (annotations: Record<string, string>): KubeObject[] => {
    const owner = idle(annotations);
    const pod = podOf(owner, "shop/web-x");
    return [owner, pod, endpointOf("shop/web-x", "Deployment web", { eth0: "a 10.6.0.10" }, goesWith("shop/web-x"))];
  };

  test("is not kept by a wildcard in an idle template", async () => {
    expect(await held("", idle(naming("*")))).toEqual([]);
    expect(await held("", idle(naming("shop.*")))).toEqual([]);
  });
  test("nor by one of a template that makes no Pods with addresses at all", async () => {
    const onHost = maker("apps/v1 Deployment shop/web", { annotations: naming("*"), spec: { hostNetwork: true } });
    expect(await held("", onHost)).toEqual([]);
  });
  test("nor, with its owner gone from the plan, does it stay that owner's", async () => {
    const marks = { install: "default", owner: "shop/Deployment/old/eth0/net" };
    const old = livePool("shop.deployment.old.eth0.net", { gateway: GATEWAY, ips: [ips(3)] }, marks);
    const left = async (...live: KubeObject[]) => {
      const { steps, allocations } = await decideOn(plan([], ""), [...BASE, old, ...live], { pruneBudget: 9 });
      const deleted = steps.filter(({ action }) => action === "delete");
      return { deleted: deleted.map(({ name }) => name), left: allocations.map(({ pool }) => pool) };
    };
    const gone = { deleted: [old.metadata.name], left: [] };
    expect(await left()).toEqual(gone);
    expect(await left(idle(naming("*"), "apps/v1 Deployment pay/web"))).toEqual(gone);
    const own = idle(naming("shop.deployment.old.eth0.*"), "apps/v1 Deployment shop/old");
    expect(await left(own)).toEqual({ deleted: [], left: [old.metadata.name] });
  });
  test("nor does it wait for anybody whose naming does not keep it", async () => {
    const marks = { install: "default", owner: "shop/Deployment/old/eth0/net" };
    const old = livePool("shop.deployment.old.eth0.net", { gateway: GATEWAY, ips: [ips(3)] }, marks);
    const left = async (settings: string, ...live: KubeObject[]) => {
      const more = { pruneBudget: 9 };
      const { steps, allocations } = await decideOn(plan([], "", settings), [...BASE, ...pools(), old, ...live], more);
      const deleted = steps.some(({ action, name }) => action === "delete" && name === old.metadata.name);
      return { deleted, leaving: allocations.some(({ pool }) => pool === old.metadata.name) };
    };
    const named = idle(naming(old.metadata.name), "apps/v1 Deployment pay/web");
    expect(await left("", named)).toEqual({ deleted: false, leaving: true });
    expect(await left(trusting("pay"), named)).toEqual({ deleted: false, leaving: true });
    expect(await left(trusting("shop"), named)).toEqual({ deleted: true, leaving: false });
    const itself = idle(naming("shop.*"), "apps/v1 Deployment shop/old");
    expect(await left(trusting("pay"), itself)).toEqual({ deleted: false, leaving: true });
    expect(await left("", ...running(naming("*")))).toEqual({ deleted: false, leaving: true });
  });
  test("is kept by whoever names it, or has it by its own pattern", async () => {
    expect(await held("", idle(naming(OWN)))).toEqual([by(OWN, web)]);
    expect(await held("", idle(naming("shop.deployment.web.eth0.*")))).toEqual([by(OWN, web)]);
    const other = idle(naming("*"), "apps/v1 Deployment pay/web");
    expect(await held("", other, idle(naming(OWN)))).toEqual([by(OWN, web)]);
  });
  const attachment = (namespace: string, names: string[], type = "x"): KubeObject => ({
    apiVersion: "k8s.cni.cncf.io/v1",
    kind: "NetworkAttachmentDefinition",
    metadata: { namespace, name: "n" },
    spec: { config: JSON.stringify({ type, ipam: { type: "spiderpool", default_ipv4_ippool: names } }) },
  });
  const config = (namespace: string, names: string[]): KubeObject => ({
    apiVersion: "spiderpool.spidernet.io/v2beta1",
    kind: "SpiderMultusConfig",
    metadata: { namespace, name: "m" },
    spec: { cniType: "macvlan", macvlan: { ippools: { ipv4: names }, master: ["eth0"] } },
  });
  test("nor by a wildcard in the defaults of a Namespace or network, whoever wrote it", async () => {
    const namespace = namespaceWith("pay", ["?*"]);
    expect(await held("", attachment("pay", ["*"]), config("pay", ["shop.*"]), namespace)).toEqual([]);
    expect(await held("", attachment("pay", ["*", OWN]))).toEqual([
      `${OWN} NetworkAttachmentDefinition pay/n still names it; take that away first`,
    ]);
  });
  test("nor by a name in the defaults of a Namespace that is not trusted", async () => {
    const named = NAMES.slice(1);
    const defaults = (namespace: string) => [
      attachment(namespace, [named[0]!]),
      config(namespace, [named[1]!]),
      namespaceWith(namespace, [named[2]!]),
    ];
    expect(await held(trusting("shop"), ...defaults("pay"))).toEqual([]);
    for (const namespace of ["shop", "kube-system"]) {
      const blocked = await held(trusting("shop"), ...defaults(namespace));
      const by = [
        `NetworkAttachmentDefinition ${namespace}/n`,
        `SpiderMultusConfig ${namespace}/m`,
        `Namespace ${namespace}`,
      ];
      const expected = by.map((one, at) => `${named[at]} ${one} still names it; take that away first`);
      expect(blocked.sort()).toEqual(expected.sort());
    }
  });
  test("is kept for a Pod that has an address by such a default: without it its next start fails (A5)", async () => {
    const { "ipam.spidernet.io/ippool": _, ...silent } = naming("a");
    const owner = maker("apps/v1 Deployment pay/web", { annotations: silent });
    const pod = podOf(owner, "pay/web-x");
    const by = endpointOf("pay/web-x", "Deployment web", { eth0: "a 10.6.0.10" }, goesWith("pay/web-x"));
    const blocked = await held(trusting("shop"), namespaceWith("pay", ["a", OWN]), owner, pod, by);
    expect(blocked).toHaveLength(1);
    expect(blocked[0]).toContain(`${OWN} `);
    expect(blocked[0]).toContain("pay/web-x");
  });
  test("is kept by the wildcard of a template with Pods", async () => {
    expect(await held("", ...running(naming("shop.d*")))).toHaveLength(2);
  });
  test("is kept by any template of a trusted Namespace, and by no idle one of another", async () => {
    expect(await held(trusting("shop"), idle(naming("shop.*")))).toHaveLength(3);
    expect(await held(trusting("pay"), idle(naming(OWN)))).toEqual([]);
    expect(await held(trusting("pay"), ...running(naming(OWN)))).toEqual([by(OWN, web)]);
  });
});
