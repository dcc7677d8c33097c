import { isFields } from "./json.js";
import { groupOf, KEYS, type KubeObject, kindText } from "./objects.js";

/*
 * Where is the Pod template of an object? The one answer (S31). Many kinds have a `spec.template`: of an Argo CD Application, a
 * Secret, a Machine, a whole Deployment for another cluster. Only a Pod's makes Pods here.
 */

/** What of a Pod template spiderplan reads. */
export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: Record<string, unknown>;
}

/** Templates of Jobs: a CronJob has one, an AdvancedCronJob of Kruise one of the two inside its `template`. */
export const JOB_TEMPLATES = ["jobTemplate", "broadcastJobTemplate"] as const;

/** Where the API server itself lets nothing else be a template; of VMs, which run in Pods with what is written of them. */
const ALWAYS_PODS: ReadonlySet<string> = new Set(["", "apps", "batch", "kubevirt.io"]);

/** Kinds of other groups whose template is always a Pod's, as owners spell them. */
const PODS_OF_OTHERS: ReadonlySet<string> = new Set([
  ...["CloneSet", "StatefulSet", "DaemonSet", "BroadcastJob", "AdvancedCronJob"].map(
    (kind) => `${kind}.apps.kruise.io`,
  ),
  "Rollout.argoproj.io",
]);

/** The keys from the object to its Pod template; undefined where it has none, or one of something else. */
export function podTemplatePath(object: KubeObject): readonly string[] | undefined {
  if (!isFields(object.spec)) return undefined;
  const path = ["spec", ...(pathToJobs(object.spec) ?? ["template"])];
  const found = valueAt(object, path);
  return isFields(found) && (isAlwaysPods(object) || hasContainers(found) || choosesNetworks(found)) ? path : undefined;
}

/** The Pod template of a workload. */
export function podTemplate(object: KubeObject): PodTemplate | undefined {
  const path = podTemplatePath(object);
  return path === undefined ? undefined : (valueAt(object, path) as PodTemplate);
}

/** Where the Pod template of a kind lies that is only known by its name, as owners spell it. */
export function usualTemplatePath(kind: string): readonly string[] {
  if (kind === "CronJob") return ["spec", "jobTemplate", "spec", "template"];
  if (kind === "AdvancedCronJob.apps.kruise.io") return ["spec", "template", "jobTemplate", "spec", "template"];
  return ["spec", "template"];
}

/** An object that has nothing but a value at a path. */
export function nested(path: readonly string[], value: object): object {
  return path.reduceRight<object>((inner, key) => ({ [key]: inner }), value);
}

/** What lies at a path of an object or a patch; undefined where nothing does. */
export function valueAt(object: object, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isFields(value) ? value[key] : undefined), object);
}

function isAlwaysPods(object: KubeObject): boolean {
  return ALWAYS_PODS.has(groupOf(object)) || PODS_OF_OTHERS.has(kindText(object));
}

/** Of a Pod that leaves its containers to a controller: it says which networks or pools it wants. */
function choosesNetworks({ metadata }: Record<string, unknown>): boolean {
  const annotations = isFields(metadata) && isFields(metadata.annotations) ? metadata.annotations : {};
  return CHOICES.some((key) => annotations[key] !== undefined);
}

const CHOICES = [KEYS.networks, KEYS.defaultNetwork, KEYS.ippools, KEYS.ippool, KEYS.subnets, KEYS.subnet];

/** What every Pod has, and hardly anything else. */
function hasContainers({ spec }: Record<string, unknown>): boolean {
  return isFields(spec) && Array.isArray(spec.containers);
}

function pathToJobs(spec: Record<string, unknown>): string[] | undefined {
  const { template } = spec;
  const [own, inner] = [jobsIn(spec), isFields(template) ? jobsIn(template) : undefined];
  if (own !== undefined) return [own, "spec", "template"];
  return inner === undefined ? undefined : ["template", inner, "spec", "template"];
}

function jobsIn(fields: Record<string, unknown>): (typeof JOB_TEMPLATES)[number] | undefined {
  return JOB_TEMPLATES.find((key) => {
    const jobs = fields[key];
    return isFields(jobs) && isFields(jobs.spec) && isFields(jobs.spec.template);
  });
}
