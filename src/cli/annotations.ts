import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readGivenFile } from "../adapters/files/given-files.js";
import { UnsafePath } from "../adapters/files/safe-files.js";
import { readLockFolder } from "../adapters/plan-files/lock-files.js";
import { parseYamlDocuments } from "../adapters/plan-files/yaml.js";
import { manifestVerdicts } from "../app/manifest-check.js";
import { type ObserveOptions, planNeeds } from "../app/observe.js";
import { mergeRead } from "../app/plan-run.js";
import { count } from "../app/report/count.js";
import { ROLLOUT, templateKeeper } from "../core/cluster/template-reference.js";
import { isClusterError } from "../core/cluster-error.js";
import { templateAnnotations } from "../core/desired/annotations.js";
import type { Binding } from "../core/desired/binding.js";
import { hasErrors } from "../core/diagnostics.js";
import { bind } from "../core/engine.js";
import { planCluster } from "../core/plan/merge.js";
import type { Plan, Workload } from "../core/plan/plan.js";
import { printable } from "../core/printable.js";
import type { Snapshot } from "../core/snapshot.js";
import type { KubeObject } from "../core/spiderpool/objects.js";
import { nested, podTemplatePath, usualTemplatePath } from "../core/spiderpool/pod-template.js";
import { writeFindings } from "./findings.js";
import { CliError, type Io, readStdin } from "./io.js";
import { observeAny, observeIfTold } from "./observe.js";
import type { ClusterOptions, OutputOptions, PlanOptions } from "./options.js";
import { openPlan, shownPath } from "./plan-source.js";
import { serialize } from "./serialize.js";

/** Of manifests, which are YAML. */
const MOST_BYTES = 16_000_000;

export interface AnnotationsOptions extends PlanOptions, ClusterOptions, OutputOptions {
  readonly install: string;
  readonly check?: string;
}

/**
 * `spiderplan annotations WORKLOAD` prints the Pod-template annotations a workload needs; `--check DIR|-` judges rendered
 * manifests in the app's own CI.
 * @returns 0; 1 on an error or when a manifest differs
 */
export async function annotationsCommand(
  io: Io,
  name: string | undefined,
  options: AnnotationsOptions,
): Promise<number> {
  if (name === undefined && options.check === undefined) {
    throw new CliError("name a workload, e.g. default/Deployment/app, or judge manifests with --check DIR");
  }
  const source = await openPlan(io, options.path);
  const { documents, diagnostics: read } = source.loaded;
  const merged = mergeRead(documents, read, options.cluster);
  const found = source.locate(merged.diagnostics);
  if (merged.value === undefined || hasErrors(found)) {
    writeFindings(io, source, found, false, options.color);
    return 1;
  }
  const lock = await readLockFolder(source.root, planCluster(documents, options.cluster));
  const snapshot = await namesInForce(io, options, merged.value, lock.value.files, planNeeds(documents));
  const binding = bind(merged.value, lock.value, snapshot, options.install);
  const workloads = name === undefined ? [...merged.value.workloads.values()] : [workloadNamed(merged.value, name)];
  return options.check === undefined
    ? printSnippet(io, merged.value, workloads[0]!, { binding, snapshot }, options)
    : check(io, merged.value, workloads, binding, options);
}

/**
 * The cluster where it alone knows what the pools are called: a renamed workload's keep their names, which lock files
 * tell and the plan does not. Manifests are judged by the repository alone, unless a cluster is named.
 */
async function namesInForce(
  io: Io,
  options: AnnotationsOptions,
  plan: Plan,
  locked: boolean,
  needs: ObserveOptions,
): Promise<Snapshot> {
  const told = await observeIfTold(io, options, needs);
  if (told.against !== "no cluster" || locked || options.check !== undefined) return told.snapshot;
  try {
    return (await observeAny(io, options, needs)).snapshot;
  } catch (error) {
    if (!(error instanceof CliError) && !isClusterError(error)) throw error;
    if ((plan.moved ?? []).length > 0 || io.env.KUBECONFIG !== undefined) {
      const why = "the cluster cannot be read and there is no lock, so the names are those of the plan";
      io.stderr.write(`warning: ${why}; pools of a renamed workload keep the name they had\n`);
    }
    return told.snapshot;
  }
}

/** The workload of a plan by its full name, or a short one that fits only one. */
function workloadNamed(plan: Plan, name: string): Workload {
  const exact = plan.workloads.get(name);
  if (exact !== undefined) return exact;
  const [namespace, short] = name.split("/");
  const fitting = [...plan.workloads.values()].filter(
    (one) => one.name.endsWith(`/${name}`) || (one.namespace === namespace && one.workload === short),
  );
  if (fitting.length === 1) return fitting[0]!;
  const names = fitting.map((one) => one.name).join(", ");
  throw new CliError(
    fitting.length === 0 ? `the plan has no workload ${name}` : `${name} may be any of ${names}; write it in full`,
  );
}

function printSnippet(
  io: Io,
  plan: Plan,
  workload: Workload,
  { binding, snapshot }: { readonly binding: Binding; readonly snapshot: Snapshot },
  options: AnnotationsOptions,
): number {
  const annotations = templateAnnotations(plan, workload, binding);
  const live = snapshot.workloads.get(workload.name);
  const path = (live && podTemplatePath(live)) ?? usualTemplatePath(workload.kind);
  const snippet = nested(path, { metadata: { annotations } });
  if (options.output === "text") {
    io.stdout.write(`# Pod template of ${templateOwner(workload, live)}\n${serialize(snippet, "yaml")}`);
  } else io.stdout.write(serialize(snippet, options.output));
  return 0;
}

/** Whose Pod template it is; without a cluster nobody knows whether a Rollout has its own. */
function templateOwner({ name, kind }: Workload, live: KubeObject | undefined): string {
  const keeper = live && templateKeeper(live);
  if (keeper !== undefined) return `${keeper}, which ${name} uses (workloadRef)`;
  return live === undefined && kind === ROLLOUT ? `${name}; with a workloadRef, of the Deployment it names` : name;
}

async function check(
  io: Io,
  plan: Plan,
  workloads: readonly Workload[],
  binding: Binding,
  options: AnnotationsOptions,
): Promise<number> {
  const texts = await manifestTexts(io, options.check!);
  const manifests = texts.map(({ file, text }) => ({ file, documents: documentsOf(file, text) }));
  const verdicts = manifestVerdicts(plan, workloads, binding, manifests);
  const differing = verdicts.filter((one) => one.differences.length > 0);
  if (options.output !== "text")
    io.stdout.write(serialize({ formatVersion: "1.0", workloads: verdicts }, options.output));
  else {
    for (const one of differing) {
      io.stdout.write(
        `${printable(`${one.file}: ${one.workload}`)}\n${one.differences.map((text) => `  - ${printable(text)}\n`).join("")}`,
      );
    }
    const found = `${count(verdicts.length, "planned workload")} found in the manifests`;
    io.stdout.write(
      `${found}, ${differing.length === 0 ? "none differs" : `${differing.length} not as the plan says`}.\n`,
    );
  }
  return differing.length > 0 ? 1 : 0;
}

function documentsOf(file: string, text: string): unknown[] {
  try {
    return parseYamlDocuments(text);
  } catch (error) {
    throw new CliError(`${file} is no YAML: ${(error as Error).message}`);
  }
}

/** Every YAML and JSON file below a folder in name order, one file, or all of stdin. */
async function manifestTexts(io: Io, where: string): Promise<{ file: string; text: string }[]> {
  if (where === "-") return [{ file: "stdin", text: await readStdin(io, MOST_BYTES) }];
  const path = resolve(io.cwd, where);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new CliError(`there are no manifests at ${where}`);
  if (!found.isDirectory()) return [{ file: shownPath(io.cwd, path), text: await readManifest(path, where) }];
  const names = (await readdir(path, { recursive: true })).filter((name) => /\.(ya?ml|json)$/i.test(name)).sort();
  const files = names.map((name) => join(path, name));
  return Promise.all(
    files.map(async (file) => {
      const shown = shownPath(io.cwd, file);
      return { file: shown, text: await readManifest(file, shown) };
    }),
  );
}

async function readManifest(path: string, shown: string): Promise<string> {
  return readGivenFile(path, MOST_BYTES).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${shown} ${error instanceof UnsafePath ? error.what : `cannot be read: ${error.code}`}`);
  });
}
