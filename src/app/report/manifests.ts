import { applyMergePatch } from "../../core/change/merge-patch.js";
import type { Step } from "../../core/change/step.js";
import type { KubeObject } from "../../core/spiderpool/objects.js";
import { sortedKeys, withoutServerFields } from "./canonical-object.js";
import { fileName, shellWord } from "./media.js";

/** One step as a file for kubectl. */
export interface ManifestFile {
  readonly name: string;
  readonly text: string;
}

/**
 * The steps as numbered files, in the order they are to be run; each starts with the kubectl command it is for.
 * Deletes are `.txt`, so that `kubectl apply -f DIR` cannot make again what shall go. Steps held back are left out.
 */
export function manifestFiles(steps: readonly Step[], yaml: (value: unknown) => string): ManifestFile[] {
  const due = steps.filter((step) => step.blocked === undefined);
  const digits = Math.max(3, String(due.length).length);
  return due.map((step, i) => {
    const number = String(i + 1).padStart(digits, "0");
    const parts = [number, step.action, step.kind.kind.toLowerCase(), step.namespace, step.name];
    const name = fileName(parts.filter(Boolean).join("-"));
    if (step.action === "delete") return { name: `${name}.txt`, text: `${deleteCommand(step)}\n` };
    const file = `${name}.yaml`;
    const verb = step.action === "create" ? "create" : "replace";
    return { name: file, text: `# wave ${step.wave}: kubectl ${verb} -f ${file}\n${yaml(manifest(step))}` };
  });
}

/** The same as one stream of documents; deletes are comments. */
export function manifestStream(steps: readonly Step[], yaml: (value: unknown) => string): string {
  const due = steps.filter((step) => step.blocked === undefined);
  return due
    .map((step) =>
      step.action === "delete"
        ? `# wave ${step.wave}: ${deleteCommand(step)}\n`
        : `---\n# wave ${step.wave}: kubectl ${step.action === "create" ? "create" : "replace"}\n${yaml(manifest(step))}`,
    )
    .join("");
}

/**
 * What the object is after the step. An update keeps the resourceVersion it was decided on, so that `kubectl replace`
 * refuses to overwrite what changed since.
 */
function manifest(step: Step): unknown {
  if (step.live === undefined || step.patch === undefined) return withoutServerFields(step.object);
  const after = withoutServerFields(applyMergePatch(step.live, step.patch) as KubeObject);
  const version = step.live.metadata.resourceVersion;
  return sortedKeys(
    version === undefined ? after : { ...after, metadata: { ...after.metadata, resourceVersion: version } },
  );
}

function deleteCommand(step: Step): string {
  const group = step.kind.apiVersion.includes("/") ? `.${step.kind.apiVersion.split("/")[0]}` : "";
  const namespace = step.namespace === undefined ? "" : ` -n ${shellWord(step.namespace)}`;
  return `kubectl delete ${step.kind.plural}${group} ${shellWord(step.name)}${namespace}`;
}
