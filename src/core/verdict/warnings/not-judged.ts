import { isFinished, isHostNetwork, retentionOf, startsAgain } from "../../cluster/lifecycle.js";
import { podFacts } from "../../cluster/pod-facts.js";
import type { Diagnostic } from "../../diagnostics.js";
import { amount } from "../../ip/amount.js";
import { podTemplate } from "../../snapshot.js";
import { FIRST_NIC } from "../../spiderpool/ipam/networks.js";
import { isFields } from "../../spiderpool/json.js";
import { type KubeObject, objectKey } from "../../spiderpool/objects.js";
import type { Watch } from "./watch.js";
import { some } from "./words.js";

/** Annotations by which Spiderpool's Pod webhook writes a Pod's networks anew (N12). */
const INJECTING = ["cni.spidernet.io/rdma-resource-inject", "cni.spidernet.io/network-resource-inject"];

/** Whom the verdict does not speak of, and what it cannot prove on this cluster (DESIGN 6, who is judged). */
export function notJudged(watch: Watch): Diagnostic[] {
  if (watch.steps.length === 0) return [];
  return [...uncounted(watch), ...undoneByDetection(watch), ...chosenOnNodes(watch), ...writtenByWebhook(watch)];
}

/** Pods that never ask Spiderpool again, or never did: nothing of the plan happens to them. */
function uncounted({ snapshot, before }: Watch): Diagnostic[] {
  const [finished, hostNetwork, others] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const [name, pod] of snapshot.pods) {
    if (isFinished(pod) || !startsAgain(snapshot, pod)) {
      if (snapshot.endpoints.has(name)) finished.add(name);
    } else if (isHostNetwork(pod)) hostNetwork.add(name);
    else if (before.asking(podFacts(pod, snapshot), FIRST_NIC).asks === "no") others.add(name);
  }
  const parts = [
    ...counted(finished, "that finished, are being replaced or go with their Namespace"),
    ...counted(hostNetwork, "on their node's network"),
    ...counted(others, "whose eth0 is another IPAM's"),
  ];
  if (parts.length === 0) return [];
  return [{ code: "SP4240", severity: "info", message: `not judged: Pods ${parts.join(", ")}` }];
}

function counted(pods: ReadonlySet<string>, what: string): string[] {
  return pods.size === 0 ? [] : [`${what} (${amount(pods.size)})`];
}

/** N10: a failed check at a Pod's start frees what its ordinal or VM had, so that nothing proves that it stays. */
function undoneByDetection({ snapshot, facts }: Watch): Diagnostic[] {
  const on = (["enableIPConflictDetection", "enableGatewayDetection"] as const).filter((key) => facts[key]);
  if (on.length === 0) return [];
  const kept = [...snapshot.endpoints.keys()].filter((pod) => retentionOf(snapshot, pod, facts) !== "nothing").sort();
  if (kept.length === 0) return [];
  return [
    {
      code: "SP4241",
      severity: "warning",
      message: `not proven: that ${some(kept)} keep their addresses, because ${on.join(" and ")} ${on.length === 1 ? "is" : "are"} on in spiderpool-conf; a check that fails at their start frees what they have (N10)`,
      hint: "switch it off where addresses are fixed, or see that the gateway answers before these Pods restart",
    },
  ];
}

/** N6: which pool fits is decided by an interface of each node, which no object of the cluster shows. */
function chosenOnNodes({ after }: Watch): Diagnostic[] {
  const found = [...after.multusConfigs.values()]
    .filter(
      ({ spec }) =>
        isFields(spec.sriov) && isFields(spec.sriov.ippools) && spec.sriov.ippools.matchMasterSubnet === true,
    )
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    .sort();
  if (found.length === 0) return [];
  return [
    {
      code: "SP4242",
      severity: "warning",
      message: `not judged: which pools serve Pods on ${some(found)}, because matchMasterSubnet leaves that to the interfaces of each node (N6); they are judged as if every pool fitted`,
      hint: "give these pools a node affinity that says the same, or leave matchMasterSubnet out",
    },
  ];
}

/** N12: the webhook writes the networks of these Pods, whatever their template says. */
function writtenByWebhook({ snapshot, facts }: Watch): Diagnostic[] {
  if (!facts.injectsNetworks) return [];
  const asks = (annotations: Readonly<Record<string, string>> | undefined) =>
    INJECTING.some((key) => annotations?.[key] !== undefined);
  const named = (
    objects: Iterable<KubeObject>,
    annotationsOf: (object: KubeObject) => Record<string, string> | undefined,
  ) =>
    [...objects]
      .filter((object) => asks(annotationsOf(object)))
      .map(({ kind, metadata }) => objectKey(kind, metadata.namespace, metadata.name));
  const found = [
    ...named(snapshot.workloads.values(), (object) => podTemplate(object)?.metadata?.annotations),
    ...named(snapshot.namespaces.values(), (object) => object.metadata.annotations),
  ].sort();
  if (found.length === 0) return [];
  return [
    {
      code: "SP4243",
      severity: "warning",
      message: `not judged: the networks that Spiderpool's Pod webhook writes for ${some(found)} (N12); their Pods are judged by what their templates say`,
      hint: "write the networks into the templates, and leave the inject annotation out",
    },
  ];
}
