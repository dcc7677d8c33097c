import type { KubeObject } from "../../core/spiderpool/objects.js";
import type { Column } from "./resources.js";
import { AGE, age } from "./table.js";

type Fields = Record<string, unknown>;

const spec = (object: KubeObject) => (object.spec ?? {}) as Fields;
const status = (object: KubeObject) => (object.status ?? {}) as Fields;
const column = (name: string, cell: (object: KubeObject, now: number) => unknown, priority = 0): Column => ({
  name,
  type: "string",
  priority,
  cell,
});
const count = (value: unknown) => (typeof value === "number" ? value : 0);
const none = (value: unknown) => (value === undefined || value === "" ? "<none>" : value);

/** What `kubectl get` shows of the kinds that are no CRD of Spiderpool's. */
export const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  Namespace: [column("Status", (object) => (object.metadata.deletionTimestamp ? "Terminating" : "Active")), AGE],
  Node: [column("Status", nodeStatus), column("Roles", () => "<none>"), AGE, column("Version", kubeletVersion)],
  Pod: [
    column("Ready", readyContainers),
    column("Status", podStatus),
    column("Restarts", () => "0"),
    AGE,
    column("IP", (object) => none(status(object).podIP), 1),
    column("Node", (object) => none(spec(object).nodeName), 1),
  ],
  ConfigMap: [column("Data", (object) => Object.keys(object.data ?? {}).length), AGE],
  Event: [
    column("Last Seen", (object, now) => age(event(object).lastTimestamp, now)),
    column("Type", (object) => event(object).type),
    column("Reason", (object) => event(object).reason),
    column("Object", (object) => {
      const { kind = "", name = "" } = event(object).involvedObject ?? {};
      return `${kind.toLowerCase()}/${name}`;
    }),
    column("Message", (object) => event(object).message),
  ],
  Deployment: [
    column("Ready", (object) => `${count(status(object).readyReplicas)}/${count(spec(object).replicas)}`),
    column("Up-to-date", (object) => count(status(object).updatedReplicas)),
    column("Available", (object) => count(status(object).availableReplicas)),
    AGE,
  ],
  ReplicaSet: [
    column("Desired", (object) => count(spec(object).replicas)),
    column("Current", (object) => count(status(object).replicas)),
    column("Ready", (object) => count(status(object).readyReplicas)),
    AGE,
  ],
  StatefulSet: [
    column("Ready", (object) => `${count(status(object).readyReplicas)}/${count(spec(object).replicas)}`),
    AGE,
  ],
  DaemonSet: [
    column("Desired", (object) => count(status(object).desiredNumberScheduled)),
    column("Current", (object) => count(status(object).currentNumberScheduled)),
    column("Ready", (object) => count(status(object).numberReady)),
    AGE,
  ],
  Job: [
    column("Completions", (object) => `${count(status(object).succeeded)}/${count(spec(object).completions)}`),
    AGE,
  ],
  CloneSet: [
    column("Desired", (object) => count(spec(object).replicas)),
    column("Ready", (object) => count(status(object).readyReplicas)),
    AGE,
  ],
  Lease: [column("Holder", (object) => none(spec(object).holderIdentity)), AGE],
};

interface EventFields {
  lastTimestamp?: string;
  type?: string;
  reason?: string;
  message?: string;
  involvedObject?: { kind?: string; name?: string };
}

function event(object: KubeObject): EventFields {
  return object as KubeObject & EventFields;
}

function nodeStatus(object: KubeObject): string {
  const conditions = (status(object).conditions ?? []) as { type: string; status: string }[];
  const ready = conditions.some(({ type, status: value }) => type === "Ready" && value === "True");
  return `${ready ? "Ready" : "NotReady"}${spec(object).unschedulable ? ",SchedulingDisabled" : ""}`;
}

function kubeletVersion(object: KubeObject): unknown {
  return (status(object).nodeInfo as Fields | undefined)?.kubeletVersion ?? "";
}

function podStatus(object: KubeObject): unknown {
  if (object.metadata.deletionTimestamp) return "Terminating";
  const phase = status(object).phase;
  // A Pod that has a node but no address yet waits for its network.
  return phase === "Pending" && spec(object).nodeName ? "ContainerCreating" : phase;
}

function readyContainers(object: KubeObject): string {
  const total = ((spec(object).containers ?? []) as unknown[]).length;
  const conditions = (status(object).conditions ?? []) as { type: string; status: string }[];
  const ready = conditions.some(({ type, status: value }) => type === "Ready" && value === "True");
  return `${ready ? total : 0}/${total}`;
}
