import { delimiter, resolve } from "node:path";
import type { ObserveOptions } from "../app/observe.js";
import { isClusterError } from "../core/cluster-error.js";
import { printable } from "../core/printable.js";
import { EMPTY_SNAPSHOT } from "../core/snapshot.js";
import type { KubeObject } from "../core/spiderpool/objects.js";
import type { Cluster } from "../ports/cluster.js";
import type { Observed } from "./decision.js";
import { CliError, type Io } from "./io.js";
import type { ClusterOptions } from "./options.js";

/** A cluster's facts together with the objects they were read from. */
export interface ObservedItems extends Observed {
  readonly items: readonly KubeObject[];
}

/** What to look at; a promise where the plan that says so is still being read. */
export type Needs = ObserveOptions | Promise<ObserveOptions>;

/**
 * The facts a command judges by: the files of `--snapshot`, else the cluster of the kubeconfig.
 * @throws CliError naming both ways when neither is there
 */
export async function observeAny(io: Io, options: ClusterOptions, needs: Needs = {}): Promise<ObservedItems> {
  if (options.snapshot.length > 0) {
    await needs;
    const { readSnapshotFiles } = await import("./snapshot-files.js");
    const read = await readSnapshotFiles(io, options.snapshot);
    return { ...read, diagnostics: [], against: `snapshot ${options.snapshot.join(", ")}` };
  }
  try {
    return await observeCluster(await connectCluster(io, options), needs);
  } catch (error) {
    throw withWaysOut(
      error,
      "--snapshot FILE judges against the output of `spiderplan snapshot` or `kubectl get -o json` instead",
    );
  }
}

/** As `observeAny`, for commands that need no cluster: without a word on which one, nothing is known of any. */
export async function observeIfTold(io: Io, options: ClusterOptions, needs: ObserveOptions): Promise<Observed> {
  const told = options.snapshot.length > 0 || options.kubeconfig !== undefined || options.context !== undefined;
  return told ? observeAny(io, options, needs) : { snapshot: EMPTY_SNAPSHOT, diagnostics: [], against: "no cluster" };
}

/** Everything spiderplan reads of a cluster. */
export async function observeCluster(cluster: Cluster, needs: Needs): Promise<ObservedItems> {
  const { observe } = await import("../app/observe.js");
  return { ...(await observe(cluster, needs)), against: "the cluster" };
}

/** Opens the cluster of the kubeconfig; its API warnings go to stderr, each once. */
export async function connectCluster(io: Io, options: Omit<ClusterOptions, "snapshot">): Promise<Cluster> {
  const { connect } = await import("../adapters/kubernetes/connect.js");
  const { parseYamlDocuments } = await import("../adapters/plan-files/yaml.js");
  return connect({
    parseYaml: (text) => parseYamlDocuments(text)[0],
    kubeconfig: options.kubeconfig
      ?.split(delimiter)
      .map((file) => resolve(io.cwd, file))
      .join(delimiter),
    context: options.context,
    env: io.env,
    signal: io.signal,
    onWarning: (text) => io.stderr.write(`warning from the API server: ${printable(text)}\n`),
  });
}

/** Adds to a cluster that cannot be read how to read another; a missing right is no matter of where to look. */
export function withWaysOut(error: unknown, also?: string): unknown {
  if (!isClusterError(error) || error.reason === "Forbidden") return error;
  const ways = "--kubeconfig FILE and --context NAME choose another cluster";
  return new CliError(`the cluster cannot be read: ${error.message}`, [[ways, also].filter(Boolean).join("; ")]);
}
