import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { prospects } from "./agent.js";
import { asked, networksOf } from "./asking.js";
import type { Violation } from "./findings.js";
import { nodesFor, nodesInTime, type Template } from "./life.js";
import { Copy, KRUISE_SET, keyOf, type Objects } from "./objects.js";
import { holders, withLostRecords } from "./restarts.js";

/** Templates none of whose Pods has an address, judged by the Pods they would make. */

/** What such a Pod gets on a node where it starts. */
interface Start {
  readonly served: ReadonlyMap<string, unknown>;
  readonly asked: ReadonlySet<string>;
}

const KINDS_OF_SETS = ["Deployment", "StatefulSet", KRUISE_SET];

/** NICs without an address wherever the template's Pods start after the change, which on some node had one before. */
export function idleLosses(before: Objects, after: Objects, name: string): string[] {
  const template = templateOf(before, name);
  const later = nodesInTime(before, template);
  // Where it starts nowhere now, it may once dead nodes are back, or on one that is not there yet.
  const nodes = [nodesFor(before, template), later.length > 0 ? later : [undefined]].find(
    (some) => startsOf(before, name, some).length > 0,
  );
  if (nodes === undefined) return [];
  const was = startsOf(before, name, nodes);
  const will = startsOf(after, name, nodes);
  // One that the template has no more is nobody's: no Pod has an address there.
  return nicsOf(after, name).filter((nic) => {
    // One that is new to the template, or whose network is another's, needed nothing before; as long as it does not, it loses nothing.
    const free = was.some((start) => !start.asked.has(nic));
    const fine = free || was.some((start) => start.served.has(nic));
    return fine && !will.some((start) => start.served.has(nic) || (free && !start.asked.has(nic)));
  });
}

function nicsOf(objects: Objects, name: string): string[] {
  const set = setOf(objects, name);
  return set === undefined ? [] : [...networksOf(templatePod(set, undefined)).keys()];
}

/** The workload with the template its Pods come from: that of its ReplicaSet while it is paused. */
function setOf(objects: Objects, name: string): KubeObject | undefined {
  const [set] = KINDS_OF_SETS.flatMap((kind) => objects.all(kind).get(name) ?? []);
  const spec = set?.spec as { paused?: boolean } | undefined;
  const running = spec?.paused ? objects.all("ReplicaSet").get(`${name}-rs`)?.spec : undefined;
  const { replicas = 0, template } = (running ?? {}) as { replicas?: number; template?: Template };
  return set !== undefined && replicas > 0 ? { ...set, spec: { ...spec, template } } : set;
}

function templateOf(objects: Objects, name: string): Template | undefined {
  return (setOf(objects, name)?.spec as { template?: Template } | undefined)?.template;
}

function startsOf(objects: Objects, name: string, nodes: readonly (string | undefined)[]): Start[] {
  const copy = new Copy(objects);
  const set = setOf(copy, name);
  if (set === undefined) return [];
  return nodes.flatMap((node) => {
    const pod = templatePod(set, node);
    const served = prospects(copy, pod);
    return served === undefined ? [] : [{ served, asked: new Set(asked(copy, pod)?.keys()) }];
  });
}

/** The Pod a template would make on a node. */
function templatePod(set: KubeObject, nodeName: string | undefined): KubeObject {
  const { template } = set.spec as {
    template: { metadata: { labels: object; annotations: object }; spec?: { hostNetwork?: boolean } };
  };
  const { namespace, name, uid } = set.metadata;
  const ownerReferences = [{ apiVersion: set.apiVersion, kind: set.kind, name, uid, controller: true }];
  const own = set.kind === "StatefulSet" ? { "statefulset.kubernetes.io/pod-name": `${name}-0` } : {};
  const labels = { ...template.metadata.labels, ...own };
  const metadata = { ...template.metadata, labels, namespace, name: `${name}-0`, uid: "virtual", ownerReferences };
  const spec = { nodeName, hostNetwork: template.spec?.hostNetwork };
  return { apiVersion: "v1", kind: "Pod", metadata, spec } as unknown as KubeObject;
}

/** One that would only have found the address of a live Pod whose record is lost (SP4224) loses nothing. */
function lostForGood(before: Objects, after: Objects, name: string): string[] {
  const lost = idleLosses(before, after, name);
  return lost.length === 0 ? lost : idleLosses(withLostRecords(before), withLostRecords(after), name);
}

/** FIXED-8: a template that would have found its pools still does on one of its nodes. */
export function idleFaults(before: Objects, after: Objects): Violation[] {
  const busy = new Set(holders(before).map(({ metadata }) => `${metadata.namespace}/${metadata.labels?.app}`));
  return ["Deployment", "StatefulSet"].flatMap((kind) =>
    [...before.all(kind).values()]
      .filter((set) => !busy.has(keyOf(set)))
      .flatMap((set) =>
        lostForGood(before, after, keyOf(set)).map((nic) => ({
          invariant: "FIXED-8",
          message: `no Pod of ${keyOf(set)} would find an address for ${nic} any more, on none of its nodes`,
        })),
      ),
  );
}
