import { KEYS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import type { LiveWorkload } from "./kubernetes.js";
import type { Template } from "./life.js";
import type { LifeEvent } from "./life-spec.js";
import { keyOf, type Objects } from "./objects.js";
import { livePools, type PlanModel } from "./plan-model.js";

export type TemplateEvent = Extract<LifeEvent, { readonly type: "template" }>;

/** What somebody changes in a workload's template, as far as its plan leaves that to them; undefined = nothing. */
export function changedTemplate(
  template: Template,
  one: LiveWorkload,
  { names, relabel, dropNic }: TemplateEvent,
  model: PlanModel,
): Template | undefined {
  const { annotations = {}, labels = {} } = template.metadata ?? {};
  const next = { ...annotations };
  const fixed = (nic: string) => model.fixed.some((each) => each.name === one.name && each.nic === nic);
  if (dropNic && !fixed("net1") && next[KEYS.networks] !== undefined) {
    delete next[KEYS.networks];
    const items = JSON.parse(next[KEYS.ippools] ?? "[]") as { interface?: string }[];
    const nicOf = (item: { interface?: string }, at: number) => item.interface ?? ["eth0", "net1"][at];
    if (items.length > 0) next[KEYS.ippools] = JSON.stringify(items.filter((item, at) => nicOf(item, at) !== "net1"));
  }
  const free = !fixed("eth0") && !fixed("net1") && next[KEYS.ippools] === undefined;
  if (free && next[KEYS.defaultNetwork] !== undefined) {
    const pools = livePools(model).filter(({ number }) => names.includes(number - 1));
    const family = (version: 4 | 6) =>
      pools.filter((pool) => model.subnets[pool.subnet]!.family === version).map(({ name }) => name);
    const [ipv4, ipv6] = [family(4), family(6)];
    if (pools.length === 0) delete next[KEYS.ippool];
    else next[KEYS.ippool] = JSON.stringify({ ...(ipv4.length > 0 && { ipv4 }), ...(ipv6.length > 0 && { ipv6 }) });
  }
  const tier = labels.tier === "x" ? "y" : "x";
  const changed = {
    ...template,
    metadata: { annotations: next, labels: relabel ? { ...labels, tier } : labels },
  };
  return JSON.stringify(changed) === JSON.stringify(template) ? undefined : changed;
}

/** Writes a template into a workload as its controller takes it up: with revisions, or a second ReplicaSet. */
export function putTemplate(objects: Objects, workload: KubeObject, template: Template, paused: boolean): void {
  const spec = workload.spec as { template: Template };
  objects.put({ ...workload, spec: { ...spec, template, ...(paused && { paused }) } });
  rollOut(objects);
}

/** A StatefulSet of apps/v1 keeps the template it began with and the newest one as revisions. */
function keepRevisions(objects: Objects, set: KubeObject): void {
  const { template } = set.spec as { template: Template };
  const { currentRevision, updateRevision } = (set.status ?? {}) as Record<string, string>;
  const newest = updateRevision && objects.all("ControllerRevision").get(`${set.metadata.namespace}/${updateRevision}`);
  if (newest && templateText(newest) === JSON.stringify(template)) return;
  const update = revision(objects, set, template);
  const status = { ...(set.status as object), currentRevision: currentRevision ?? update, updateRevision: update };
  objects.put({ ...set, status });
}

function templateText(revision: KubeObject): string {
  return JSON.stringify((revision.data as unknown as { spec: { template: Template } }).spec.template);
}

/** Stores a template as a ControllerRevision, once. @returns its name */
function revision(objects: Objects, workload: KubeObject, template: Template): string {
  const { namespace, name, uid = "" } = workload.metadata;
  const own = [...objects.all("ControllerRevision").values()].filter((one) =>
    one.metadata.ownerReferences?.some((owner) => owner.uid === uid),
  );
  const same = own.find((one) => templateText(one) === JSON.stringify(template));
  if (same !== undefined) return same.metadata.name;
  const made = {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      namespace,
      name: `${name}-${own.length + 1}`,
      ownerReferences: [{ apiVersion: "apps/v1", kind: "StatefulSet", name, uid, controller: true }],
    },
    data: { spec: { template } },
    revision: own.length + 1,
  } as unknown as KubeObject;
  objects.put(made);
  return made.metadata.name;
}

/**
 * Controllers take up what stands in templates, whoever wrote it. The ReplicaSet of a Deployment that is not paused makes the
 * Pods of its template: here it stands for the newest one.
 */
export function rollOut(objects: Objects): void {
  for (const set of objects.all("StatefulSet").values()) keepRevisions(objects, set);
  for (const deployment of objects.all("Deployment").values()) {
    const { template, paused } = deployment.spec as { template: Template; paused?: boolean };
    const set = objects.all("ReplicaSet").get(`${keyOf(deployment)}-rs`);
    const same =
      JSON.stringify((set?.spec as { template?: Template } | undefined)?.template) === JSON.stringify(template);
    if (set !== undefined && !paused && !same) objects.put({ ...set, spec: { ...(set.spec as object), template } });
  }
}

/** The second ReplicaSet of a Deployment that is paused in the middle. */
export function secondSet(objects: Objects, deployment: KubeObject): KubeObject {
  const { namespace, name } = deployment.metadata;
  const first = objects.all("ReplicaSet").get(`${namespace}/${name}-rs`)!;
  const { template } = deployment.spec as { template: Template };
  const metadata = { ...first.metadata, name: `${name}-rs2`, uid: `uid-${name}-rs2` };
  const set = { ...first, metadata, spec: { ...(first.spec as object), replicas: 1, template } };
  if (objects.all("ReplicaSet").get(keyOf(set)) === undefined) objects.put(set);
  return set;
}
