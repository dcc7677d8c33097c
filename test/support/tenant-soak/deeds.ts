import { OWN } from "../../../src/core/spiderpool/objects.js";
import { mutated } from "../fuzz/mutate.js";
import { HOSTILE as TEXT } from "../hostile.js";
import { poolOf } from "./plans.js";
import type { Tenant } from "./tenant.js";

/** Something a tenant may do within its Role. */
export interface Deed {
  readonly name: string;
  readonly act: (tenant: Tenant) => Promise<void>;
}

const NETWORK = { "v1.multus-cni.io/default-network": "kube-system/net" };
/** What Kubernetes takes of annotations of one object, in bytes. */
const FULL = 250_000;
const VICTIM = poolOf("team00");
const CONFIG = { cniVersion: "0.3.1", type: "macvlan", master: "eth1" };

const listing = (ipv4: readonly string[]) => ({
  ...NETWORK,
  "ipam.spidernet.io/ippools": JSON.stringify([{ interface: "eth0", ipv4 }]),
});
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

interface Template {
  readonly annotations?: Record<string, string>;
  readonly labels?: Record<string, string>;
  readonly spec?: object;
}

/** A workload nobody runs, of a kind by its number. */
function idle(tenant: Tenant, name: string, pod: Template, spec: object = {}, turn = 0): Promise<void> {
  const labels = { app: name.slice(0, 60).replace(/\W+$/, ""), ...pod.labels };
  const template = {
    metadata: { labels, annotations: pod.annotations ?? {} },
    spec: { containers: [{ name: "c", image: "app:1" }], ...pod.spec },
  };
  const kind = (["Deployment", "StatefulSet", "DaemonSet", "CronJob"] as const)[turn % 4]!;
  const selector = { matchLabels: { app: labels.app } };
  const job = { schedule: "0 0 1 1 *", suspend: true, jobTemplate: { spec: { template } } };
  const whole = kind === "CronJob" ? { ...job, ...spec } : { replicas: 0, selector, template, ...spec };
  return tenant.put(kind, { metadata: { name }, spec: whole });
}

function pod(tenant: Tenant, name: string, annotations: Record<string, string>, more: object = {}): Promise<void> {
  const spec = { nodeName: "node-a", containers: [{ name: "c", image: "app:1" }] };
  return tenant.put("Pod", { metadata: { name, labels: { app: "web" }, annotations, ...more }, spec });
}

const slow = (index: number) => `${"*a".repeat(60)}*b${index}`;
const junk = (size: number) => "x".repeat(size);

/** All it can think of, each once before any again. */
export const DEEDS: readonly Deed[] = [
  {
    name: "wildcards that go back and forth",
    act: (tenant) =>
      tenant.each(times(4, Number), (i) => idle(tenant, `slow${i}`, { annotations: listing(times(100, slow)) }, {}, i)),
  },
  {
    name: "`*` in idle templates of every kind",
    act: (tenant) =>
      tenant.each(times(tenant.many(40), Number), (i) =>
        idle(tenant, `star${i}`, { annotations: listing(["*"]) }, {}, i),
      ),
  },
  {
    name: "a template that names somebody else's pool",
    act: (tenant) =>
      tenant.each(times(4, Number), (i) =>
        idle(tenant, `named${i}`, { annotations: listing([VICTIM, `team0${i}.*`]) }, {}, i),
      ),
  },
  {
    name: "43,000 names",
    act: (tenant) =>
      tenant.each(times(4, Number), (i) =>
        idle(tenant, `names${i}`, { annotations: listing(times(43_000, () => "ab")) }, {}, i),
      ),
  },
  {
    name: "names up to the limit, in many templates",
    act: (tenant) =>
      tenant.each(times(tenant.many(60), Number), (i) =>
        idle(
          tenant,
          `most${i}`,
          { annotations: listing([...times(1_800, (n) => `p${n}`), ...times(99, slow)]) },
          {},
          i,
        ),
      ),
  },
  {
    name: "6,000 items",
    act: (tenant) => {
      const items = times(6_000, (i) => ({ interface: `net${i}`, ipv4: ["*"] }));
      return idle(tenant, "items", { annotations: { ...NETWORK, "ipam.spidernet.io/ippools": JSON.stringify(items) } });
    },
  },
  {
    name: "1,000 networks in one annotation",
    act: (tenant) =>
      idle(tenant, "nets", {
        annotations: {
          "k8s.v1.cni.cncf.io/networks": times(1_000, (i) => `${i % 2 ? "kube-system/" : ""}net@net${i}`).join(","),
        },
      }),
  },
  {
    name: "250 kB of annotations",
    act: (tenant) =>
      tenant.each(times(tenant.many(20), Number), (i) =>
        idle(tenant, `fat${i}`, { annotations: { note: junk(FULL) } }, {}, i),
      ),
  },
  {
    name: "600 Pods of 250 kB",
    act: (tenant) => tenant.each(times(tenant.many(600), Number), (i) => pod(tenant, `fat-${i}`, { note: junk(FULL) })),
  },
  {
    name: "3,000,000 replicas, and all there are numbers for",
    act: async (tenant) => {
      const counts = [3_000_000, 2 ** 31 - 1, Number.MAX_SAFE_INTEGER, 1e300];
      const annotations = listing(["*", VICTIM]);
      await tenant.each(counts, (replicas) =>
        idle(tenant, `crowd${counts.indexOf(replicas)}`, { annotations }, { replicas }),
      );
      await tenant.each(counts, (replicas) =>
        idle(tenant, `rows${counts.indexOf(replicas)}`, { annotations }, { replicas }, 1),
      );
    },
  },
  {
    name: "selectors and affinities beyond all measure",
    act: async (tenant) => {
      const values = times(5_000, (i) => `v${i}`);
      const matchExpressions = [{ key: "kubernetes.io/hostname", operator: "In", values }];
      const vast = { nodeSelectorTerms: [{ matchExpressions }] };
      const near = {
        nodeSelectorTerms: times(150, (i) => ({
          matchExpressions: [{ key: `k${i}`, operator: "In", values: values.slice(0, 9) }],
        })),
      };
      for (const [turn, required] of [vast, near].entries()) {
        const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
        await idle(tenant, `terms${turn}`, { annotations: listing(["*"]), spec: { affinity } }, {}, turn);
      }
      await idle(
        tenant,
        "selects",
        { annotations: listing(["*"]) },
        { selector: { matchLabels: { app: "selects" }, matchExpressions } },
      );
    },
  },
  {
    name: "20,000 labels, and keys every object has",
    act: async (tenant) => {
      await idle(tenant, "labels", { labels: Object.fromEntries(times(20_000, (i) => [`l${i}`, "v"])) });
      const odd = { constructor: "x", toString: "x", hasOwnProperty: "x", valueOf: "x" };
      await idle(tenant, "constructor", {
        labels: odd,
        annotations: { ...odd, ...listing(["constructor", "tostring"]) },
      });
    },
  },
  {
    name: "names of 253 characters, and names as pools have them",
    act: (tenant) =>
      tenant.each(["a".repeat(253), `${"a.".repeat(126)}a`, VICTIM, "web--db", "0", "tostring"], (name) =>
        idle(tenant, `x${name}`.slice(0, 253), { annotations: listing(["*"]) }),
      ),
  },
  {
    name: "net-attach-defs that nobody can read",
    act: (tenant) => {
      const deep = (depth: number) => `{"ipam":${nested(depth)}}`;
      const vast = JSON.stringify({
        ...CONFIG,
        ipam: { type: "spiderpool", default_ipv4_ippool: times(30_000, () => VICTIM) },
      });
      const many = JSON.stringify({ plugins: times(2_000, () => ({ ...CONFIG, ipam: { type: "spiderpool" } })) });
      const texts = [
        "{",
        "null",
        "[]",
        '"x"',
        "1e999",
        TEXT,
        deep(20),
        deep(50_000),
        vast,
        many,
        junk(1_000_000),
        '{"__proto__":{"ipam":{}}}',
      ];
      return tenant.each(texts, (config) =>
        tenant.put("NetworkAttachmentDefinition", {
          metadata: { name: `nad${texts.indexOf(config)}` },
          spec: { config },
        }),
      );
    },
  },
  {
    name: "a network that gives out somebody else's pool",
    act: (tenant) => {
      const ipam = { type: "spiderpool", default_ipv4_ippool: [VICTIM, "*"] };
      return tenant.put("NetworkAttachmentDefinition", {
        metadata: { name: "net" },
        spec: { config: JSON.stringify({ ...CONFIG, ipam }) },
      });
    },
  },
  {
    name: "a customCNI of 1 MB",
    act: (tenant) =>
      tenant.each([junk(1_000_000), nested(100_000)], (filler) => {
        const customCNI = filler.startsWith("[") ? filler : JSON.stringify({ ...CONFIG, name: "x", note: filler });
        return tenant.put("SpiderMultusConfig", {
          metadata: { name: `custom${filler.length}` },
          spec: { cniType: "custom", customCNI },
        });
      }),
  },
  {
    name: "annotations that nobody can parse",
    act: (tenant) => {
      const keys = ["ippools", "ippool", "subnets", "subnet", "routes"].map((key) => `ipam.spidernet.io/${key}`);
      const corpus = [
        '[{"interface":"eth0","ipv4":["a","b*"]}]',
        '{"ipv4":["a"]}',
        '[{"dst":"10.0.0.0/8","gw":"10.6.0.3"}]',
        '"',
        nested(60_000),
      ];
      return tenant.each(times(tenant.many(60), Number), (i) => {
        const text = mutated(corpus[i % corpus.length]!, corpus, tenant.chance).slice(0, FULL / 4);
        const annotations = { ...NETWORK, [keys[i % keys.length]!]: text };
        return i % 3 === 0 ? pod(tenant, `odd-${i}`, annotations) : idle(tenant, `odd${i}`, { annotations }, {}, i);
      });
    },
  },
  {
    name: "objects with our marks",
    act: async (tenant) => {
      const annotations = {
        [OWN.trackingId]: `net/dc:apps/Deployment:hostile/ours`,
        [OWN.owner]: "team00/Deployment/web/eth0/app",
        [OWN.repositories]: "https://",
        "spiderplan.io/subnet": "app",
        "spiderplan.io/next-address": "10.6.1.0",
      };
      const labels = { [OWN.managedByLabel]: "spiderplan", "spiderplan.io/lock-of": "dc" };
      await idle(tenant, "ours", { annotations: { ...annotations, ...listing([VICTIM]) }, labels });
      const held = "held:\n  10.6.1.0-10.6.250.250: hostile/Deployment/web/eth0\n";
      const data = {
        "lock.yaml": `apiVersion: spiderplan.io/v1alpha1\nkind: AddressLock\n${held}`,
        "plans.json": nested(10_000),
      };
      await tenant.each(times(tenant.many(100), Number), (i) =>
        tenant.put("ConfigMap", {
          metadata: { name: i === 0 ? "spiderplan-lock-dc-app" : `spiderplan-${i}`, labels, annotations },
          data,
        }),
      );
    },
  },
  {
    name: "Pods as if they were somebody else's",
    act: (tenant) => {
      const controller = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-1", uid: "uid", controller: true };
      const loop = { apiVersion: "v1", kind: "Pod", name: "as-1", uid: "uid", controller: true };
      return tenant.each(times(20, Number), (i) =>
        pod(tenant, `as-${i}`, listing([VICTIM]), {
          ownerReferences: [i % 2 === 0 ? controller : loop],
          labels: { app: "web", "statefulset.kubernetes.io/pod-name": "web-db-0" },
        }),
      );
    },
  },
  {
    name: "Pods that come and go",
    act: (tenant) =>
      tenant.each(times(tenant.many(200), Number), async (i) => {
        await pod(tenant, `brief-${i}`, listing(["*"]));
        await tenant.remove("Pod", `brief-${i}`);
      }),
  },
  {
    name: "all of it gone at once",
    act: (tenant) => tenant.leave(),
  },
];

/** What it writes eight times a second: each beat another meaning. */
export async function flap(tenant: Tenant, beat: number): Promise<void> {
  const odd = beat % 2 === 1;
  const template = { metadata: { annotations: listing(odd ? ["*"] : [VICTIM]) } };
  switch (beat % 4) {
    case 0:
    case 1:
      return idle(tenant, "flapping", { annotations: listing(odd ? ["*"] : [VICTIM]) });
    case 2: {
      const ipam = { type: beat % 8 === 2 ? "spiderpool" : "host-local" };
      return tenant.put("NetworkAttachmentDefinition", {
        metadata: { name: "flaps" },
        spec: { config: JSON.stringify({ ...CONFIG, ipam }) },
      });
    }
    default:
      // Its own workload of the plan, whose Pods are replaced each time: as often as its quota lets them.
      if (beat % 16 === 3)
        return tenant.patch("Deployment", "web", {
          spec: { template: { metadata: { annotations: { beat: `${beat}` } } } },
        });
      return tenant.patch("StatefulSet", "star1", { spec: { replicas: beat % 8, template } });
  }
}
