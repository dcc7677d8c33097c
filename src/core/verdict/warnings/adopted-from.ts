import type { Step } from "../../change/step.js";
import type { Diagnostic } from "../../diagnostics.js";
import { groupOf, type KubeObject, OWN, objectKey } from "../../spiderpool/objects.js";
import type { Watch } from "./watch.js";
import { some } from "./words.js";

/** A tool that keeps an object, and how it lets go of one without deleting it. */
interface Keeper {
  /** `Helm (release infra/spiderpool)`. */
  readonly tool: string;
  readonly hint: string;
}

/** Objects that are adopted while another tool still writes them, or deletes them with what it made them of. */
export function adoptedFromOthers({ steps }: Watch): Diagnostic[] {
  const byTool = new Map<string, { readonly keeper: Keeper; readonly steps: Step[] }>();
  for (const step of steps) {
    const keeper = step.action === "adopt" && step.live !== undefined ? keeperOf(step.live) : undefined;
    if (keeper === undefined) continue;
    const known = byTool.get(keeper.tool) ?? { keeper, steps: [] };
    byTool.set(keeper.tool, known);
    known.steps.push(step);
  }
  return [...byTool.values()].map(({ keeper, steps: adopted }): Diagnostic => {
    const names = adopted.map(({ kind, namespace, name }) => objectKey(kind.kind, namespace, name)).sort();
    return {
      code: "SP4232",
      severity: "warning",
      message: `the plan adopts what ${keeper.tool} keeps: ${some(names)}; both will write it, and that tool may delete it`,
      hint: `${keeper.hint}; or leave it out of the plan`,
      source: adopted[0]?.source,
    };
  });
}

/**
 * Who keeps an object by the marks it carries. Charts write Helm's label and the instance label too, whoever applies them:
 * alone they say less than the mark of a tool that does.
 */
function keeperOf(object: KubeObject): Keeper | undefined {
  const { annotations = {}, labels = {} } = object.metadata;
  const release = annotations["meta.helm.sh/release-name"];
  if (release !== undefined) return helm(named(annotations["meta.helm.sh/release-namespace"], release));
  const application = tracked(annotations["argocd.argoproj.io/tracking-id"], object);
  if (application !== undefined) return argo(application);
  const kustomization = labels["kustomize.toolkit.fluxcd.io/name"];
  if (kustomization !== undefined) {
    return flux(named(labels["kustomize.toolkit.fluxcd.io/namespace"], kustomization));
  }
  const instance = labels["app.kubernetes.io/instance"];
  if (labels[OWN.managedByLabel] === "Helm") return helm(instance && shown(instance));
  return instance === undefined ? undefined : argo(shown(instance), " or whoever set its instance label");
}

function helm(release: string | undefined): Keeper {
  return {
    tool: release === undefined ? "Helm" : `Helm (release ${release})`,
    hint: "annotate it with helm.sh/resource-policy: keep in the chart, upgrade, and take it out of the chart before the sync",
  };
}

function argo(application: string, more = ""): Keeper {
  return {
    tool: `Argo CD (Application ${application})${more}`,
    hint: "annotate it with argocd.argoproj.io/sync-options: Prune=false,Delete=false, let Argo CD sync, and take it out of the Application's source before the sync here",
  };
}

function flux(kustomization: string): Keeper {
  return {
    tool: `Flux (Kustomization ${kustomization})`,
    hint: "annotate it with kustomize.toolkit.fluxcd.io/prune: disabled, let Flux reconcile, and take it out of its source before the sync",
  };
}

/** The Application of a tracking id that names this object: of a copy it is the original's, and Argo CD passes over it. */
function tracked(id: string | undefined, object: KubeObject): string | undefined {
  const at = id?.indexOf(`:${groupOf(object)}/${object.kind}:`) ?? -1;
  return id !== undefined && at > 0 && id.endsWith(`/${object.metadata.name}`) ? shown(id.slice(0, at)) : undefined;
}

function named(namespace: string | undefined, name: string): string {
  return shown(namespace === undefined ? name : `${namespace}/${name}`);
}

/** Anybody may write a mark of any length. */
function shown(text: string): string {
  return text.slice(0, 200);
}
