import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isMap, isSeq, parseAllDocuments, type YAMLMap } from "yaml";
import { run } from "../../src/cli/main.js";
import type { OperatorCommandOptions } from "../../src/cli/operator.js";
import { buildProgram } from "../../src/cli/program.js";
import { KEYS, type KubeObject, OWN } from "../../src/core/spiderpool/objects.js";
import { PROJECT } from "../support/cli.js";
import { kubectlMissing, kustomized, OPERATOR } from "../support/operator-access.js";

const CLUSTER_SCOPED = new Set(["Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"]);
const OBSERVE = [
  "ClusterRole spiderplan-annotate",
  "ClusterRole spiderplan-operator",
  "ClusterRole spiderplan-read",
  "ClusterRole spiderplan-write",
  "ClusterRoleBinding spiderplan-operator",
  "ClusterRoleBinding spiderplan-operator-read",
  "CustomResourceDefinition plansyncs.spiderplan.io",
  "Deployment spiderplan-system/spiderplan-operator",
  "Namespace spiderplan-system",
  "NetworkPolicy spiderplan-system/spiderplan-operator",
  "PodDisruptionBudget spiderplan-system/spiderplan-operator",
  "Role kube-system/spiderplan-lease",
  "Role spiderplan-system/spiderplan-operator",
  "Role spiderplan-system/spiderplan-sources",
  "RoleBinding spiderplan-system/spiderplan-operator",
  "RoleBinding spiderplan-system/spiderplan-sources",
  "Service spiderplan-system/spiderplan-operator",
  "ServiceAccount spiderplan-system/spiderplan-operator",
];
const SYNC = [
  ...OBSERVE,
  "ClusterRoleBinding spiderplan-operator-write",
  "Role spiderplan-system/spiderplan-locks",
  "RoleBinding kube-system/spiderplan-operator-lease",
  "RoleBinding spiderplan-system/spiderplan-locks",
];
/** What `kubectl apply -n NAMESPACE -k` puts where it is told. */
const ANYWHERE = {
  sources: ["Role spiderplan-sources", "RoleBinding spiderplan-sources"],
  locks: ["Role spiderplan-locks", "RoleBinding spiderplan-locks"],
  annotate: ["RoleBinding spiderplan-operator-annotate"],
};
const ADMISSION = [
  "ValidatingAdmissionPolicy spiderplan-operator-namespaces",
  "ValidatingAdmissionPolicyBinding spiderplan-operator-namespaces",
];
const VERBS = ["get", "list", "watch", "create", "patch", "update", "delete"];

const nameOf = ({ kind, metadata }: KubeObject) =>
  `${kind} ${metadata.namespace === undefined ? "" : `${metadata.namespace}/`}${metadata.name}`;
const key = (kind: string, namespace: string | undefined, name: string) =>
  nameOf({ apiVersion: "", kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } });

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface AdmissionSpec {
  readonly matchConditions?: readonly { readonly expression: string }[];
  readonly variables?: readonly { readonly name: string; readonly expression: string }[];
}

interface Binding extends KubeObject {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly object[];
}

describe.skipIf(kubectlMissing)("deploy, as kubectl kustomize prints it (skipped where there is no kubectl)", () => {
  test.each([
    [".", OBSERVE],
    ["observe", OBSERVE],
    ["sync", SYNC],
    ["admission", ADMISSION],
    ...Object.entries(ANYWHERE),
  ] as [string, string[]][])("%s is these objects, all labelled", (folder, names) => {
    const objects = kustomized(folder);
    expect(objects.map(nameOf).sort()).toEqual([...names].sort());
    for (const { kind, metadata } of objects.filter((one) => one.kind !== "CustomResourceDefinition")) {
      expect(metadata.labels, `${kind} ${metadata.name}`).toMatchObject({ "app.kubernetes.io/name": "spiderplan" });
    }
  });

  test("every namespaced object of an install has its namespace, and what is bound is there", () => {
    const objects = kustomized("sync");
    const names = new Set(objects.map(nameOf));
    for (const object of objects) {
      expect(object.metadata.namespace === undefined, nameOf(object)).toBe(CLUSTER_SCOPED.has(object.kind));
      if (!object.kind.endsWith("Binding")) continue;
      const { roleRef, subjects, metadata } = object as Binding;
      const namespace = roleRef.kind === "Role" ? metadata.namespace : undefined;
      expect(names, nameOf(object)).toContain(key(roleRef.kind, namespace, roleRef.name));
      const { serviceAccount: name, namespace: home } = OPERATOR;
      expect(subjects, nameOf(object)).toEqual([{ kind: "ServiceAccount", name, namespace: home }]);
      expect(names).toContain(key("ServiceAccount", home, name));
    }
  });

  test("the admission policy is about the operator, and lets it write what it annotates Namespaces with", () => {
    const [policy, binding] = kustomized("admission") as (KubeObject & { spec: AdmissionSpec })[];
    const { matchConditions = [], variables = [] } = policy!.spec;
    expect(matchConditions.map(({ expression }) => expression)).toEqual([
      `request.userInfo.username == 'system:serviceaccount:${OPERATOR.namespace}:${OPERATOR.serviceAccount}'`,
    ]);
    const ours = variables.find(({ name }) => name === "ours")?.expression;
    expect(ours).toBe(`['${KEYS.namespaceDefaultV4}', '${KEYS.namespaceDefaultV6}']`);
    expect(OWN.applied).toMatch(/^spiderplan\.io\//);
    expect(binding!.spec).toEqual({ policyName: policy!.metadata.name, validationActions: ["Deny"] });
  });

  test("no rule is a wildcard, and none lets the operator give itself more", () => {
    const objects = [...kustomized("sync"), ...Object.keys(ANYWHERE).flatMap(kustomized)];
    const rules = objects.flatMap((object) => (object as KubeObject & { rules?: readonly Rule[] }).rules ?? []);
    expect(rules.length).toBeGreaterThan(20);
    for (const { apiGroups, resources, verbs } of rules) {
      for (const verb of verbs) expect(VERBS).toContain(verb);
      for (const word of [...apiGroups, ...resources]) {
        expect(word).not.toMatch(/\*|rbac|admissionregistration|apiextensions|serviceaccounts|certificates/);
      }
    }
  });

  test("the Pod runs as nobody, on a file system it cannot write, from a pinned image", () => {
    const deployment = kustomized("sync").find(({ kind }) => kind === "Deployment")!;
    const { replicas, selector, template } = deployment.spec as Spec;
    expect(replicas).toBe(2);
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    const { containers, securityContext, volumes, ...pod } = template.spec;
    expect(securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(pod).toMatchObject({ serviceAccountName: OPERATOR.serviceAccount, terminationGracePeriodSeconds: 60 });
    expect(containers).toHaveLength(1);
    const { version } = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8"));
    expect(containers[0]).toMatchObject({
      image: `spiderplan:${version}`,
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
      livenessProbe: { httpGet: { path: "/healthz", port: "probes" } },
      readinessProbe: { httpGet: { path: "/readyz", port: "probes" } },
    });
    expect(volumes.map(({ name }) => name)).toEqual(containers[0]!.volumeMounts.map(({ name }) => name));
    expect(volumes.filter(({ emptyDir }) => emptyDir !== undefined).map(({ name }) => name)).toEqual(["data", "tmp"]);
  });

  test("its arguments are a command line of the operator, about the ports and volumes it is given", () => {
    const { containers, volumes } = (kustomized("sync").find(({ kind }) => kind === "Deployment")!.spec as Spec)
      .template.spec;
    const { args, env, ports, volumeMounts } = containers[0]!;
    const names = Object.fromEntries(
      env.map(({ name, value, valueFrom }) => [name, valueFrom?.fieldRef.fieldPath ?? value]),
    );
    expect(names).toEqual({ POD_NAMESPACE: "metadata.namespace", POD_NAME: "metadata.name", HOME: "/tmp" });
    const io = { stdout: { write: () => {} }, stderr: { write: () => {} }, isTTY: false, cwd: "/" };
    const { command } = buildProgram({ ...io, env: { POD_NAMESPACE: OPERATOR.namespace } }, run);
    const operator = command.commands.find((one) => one.name() === args[0])!;
    const { operands, unknown } = operator.parseOptions(args.slice(1));
    expect({ operands, unknown }).toEqual({ operands: [], unknown: [] });
    const options: OperatorCommandOptions = operator.opts();
    expect(options).toMatchObject({ namespace: OPERATOR.namespace, host: "0.0.0.0" });
    expect([options.port, options.probePort]).toEqual(ports.map(({ containerPort }) => containerPort));
    const mounted = new Map(volumeMounts.map(({ mountPath, name }) => [mountPath, name]));
    const volume = (path: string | undefined) => volumes.find(({ name }) => name === mounted.get(path!));
    expect(volume(options.dataDir)).toMatchObject({ emptyDir: {} });
    expect(volume(options.webhookSecrets)).toMatchObject({ secret: { optional: true } });
  });

  test("Service, NetworkPolicy and PodDisruptionBudget are about that Pod", () => {
    const objects = kustomized("sync");
    const spec = (kind: string) => objects.find((object) => object.kind === kind)!.spec as Record<string, unknown>;
    const { matchLabels } = (spec("Deployment") as unknown as Spec).selector;
    expect(spec("Service")).toMatchObject({
      selector: matchLabels,
      ports: [
        { port: 8080, targetPort: "http" },
        { port: 8081, targetPort: "probes" },
      ],
    });
    expect(spec("PodDisruptionBudget")).toEqual({ minAvailable: 1, selector: { matchLabels } });
    const { podSelector, policyTypes, ingress, egress } = spec("NetworkPolicy") as unknown as Policy;
    expect({ podSelector, policyTypes }).toEqual({ podSelector: { matchLabels }, policyTypes: ["Ingress", "Egress"] });
    const ports = (rules: Policy["egress"]) => rules.flatMap((rule) => rule.ports.map(({ port }) => port)).sort();
    expect(ports(ingress)).toEqual([8080, 8081]);
    expect(ports(egress)).toEqual([22, 443, 53, 53, 6443]);
  });
});

interface Spec {
  readonly replicas: number;
  readonly selector: { readonly matchLabels: Record<string, string> };
  readonly template: {
    readonly metadata: { readonly labels: Record<string, string> };
    readonly spec: {
      readonly containers: readonly Container[];
      readonly volumes: readonly { name: string; emptyDir?: object; secret?: object }[];
      readonly securityContext: object;
    };
  };
}

interface Container {
  readonly args: string[];
  readonly env: readonly { name: string; value?: string; valueFrom?: { fieldRef: { fieldPath: string } } }[];
  readonly ports: readonly { containerPort: number }[];
  readonly volumeMounts: readonly { name: string; mountPath: string }[];
}

interface Policy {
  readonly podSelector: object;
  readonly policyTypes: readonly string[];
  readonly ingress: readonly { ports: readonly { port: number }[] }[];
  readonly egress: readonly { ports: readonly { port: number }[] }[];
}

test("every rule says why it is there", () => {
  const folder = join(PROJECT, "deploy");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml"));
  let rules = 0;
  for (const file of files) {
    for (const document of parseAllDocuments(readFileSync(join(folder, file), "utf8"))) {
      const list = isMap(document.contents) ? (document.contents as YAMLMap).get("rules") : undefined;
      if (!isSeq(list)) continue;
      list.items.forEach((rule, index) => {
        rules++;
        // A comment above the first item of a list belongs to the list.
        const comment = (rule as YAMLMap).commentBefore ?? (index === 0 ? list.commentBefore : undefined);
        expect(comment, `${file}: rule ${index}`).toMatch(/\w+/);
      });
    }
  }
  expect(rules).toBeGreaterThan(20);
});
