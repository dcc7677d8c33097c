import { palette } from "../app/report/palette.js";
import { simulationDocument, simulationFails, simulationText } from "../app/report/simulation-report.js";
import { findWorkload } from "../core/query/find-workload.js";
import { parseSelector } from "../core/query/parse-selector.js";
import { nodesBy, type SimulationRequest, simulate } from "../core/query/simulate/simulate.js";
import type { Snapshot } from "../core/snapshot.js";
import { resolveFacts } from "../core/spiderpool/facts.js";
import { CliError, type Io } from "./io.js";
import { observeAny } from "./observe.js";
import { type ClusterOptions, type OutputOptions, wantsColor } from "./options.js";
import { serialize } from "./serialize.js";
import { statedFacts } from "./stated-facts.js";

export interface SimulateOptions extends ClusterOptions, OutputOptions {
  readonly path?: string;
  readonly cluster?: string;
  readonly drain: readonly string[];
  readonly failNodes?: string;
  readonly scale: readonly string[];
  readonly rollout: readonly string[];
  readonly restart?: "all";
}

/**
 * `spiderplan simulate`: plays events on the cluster as it is, writes nothing.
 * @returns 0, or 3 when a Pod would get no address or might get none
 */
export async function simulateCommand(io: Io, options: SimulateOptions): Promise<number> {
  const stated = await statedFacts(io, options);
  const { snapshot, against } = await observeAny(io, options, stated.needs);
  const request = requestOf(snapshot, options);
  const simulation = simulate(snapshot, resolveFacts(snapshot.facts, stated.facts), request);
  const told = { simulation, request, against };
  io.stdout.write(
    options.output === "text"
      ? simulationText(told, palette(wantsColor(options.color, io)))
      : serialize(simulationDocument(told), options.output),
  );
  return simulationFails(simulation) ? 3 : 0;
}

function requestOf(snapshot: Snapshot, options: SimulateOptions): SimulationRequest {
  const request = {
    failed: options.failNodes === undefined ? [] : failing(snapshot, options.failNodes),
    drained: [...new Set(options.drain)].sort(),
    scale: new Map(options.scale.map((text) => scaling(snapshot, text))),
    rollout: options.rollout.map((name) => workloadOf(snapshot, name)).sort(),
    restart: options.restart === "all",
  };
  const missing = request.drained.find((node) => !snapshot.nodes.has(node));
  if (missing !== undefined) throw new CliError(`there is no node ${missing}`);
  const { failed, drained, scale, rollout, restart } = request;
  if (!restart && failed.length + drained.length + scale.size + rollout.length === 0) {
    throw new CliError("nothing to simulate; give --drain, --fail-nodes, --scale, --rollout or --restart all");
  }
  return request;
}

function failing(snapshot: Snapshot, text: string): string[] {
  const selector = parseSelector(text);
  if (typeof selector === "string") throw new CliError(`--fail-nodes: ${selector}`);
  const nodes = nodesBy(snapshot, selector);
  if (nodes.length === 0) throw new CliError(`--fail-nodes: no node has ${text}`);
  return nodes;
}

function scaling(snapshot: Snapshot, text: string): [string, number] {
  const match = /^(.+)=(\d{1,5})$/.exec(text);
  if (match === null)
    throw new CliError(`--scale ${text}: write the workload and how many Pods, default/Deployment/app=5`);
  const key = workloadOf(snapshot, match[1]!);
  if (key.split("/")[1] === "DaemonSet") throw new CliError(`--scale ${text}: a DaemonSet follows the nodes`);
  return [key, Number(match[2])];
}

function workloadOf(snapshot: Snapshot, name: string): string {
  const found = findWorkload(snapshot, name);
  if ("error" in found) throw new CliError(found.error);
  return found.key;
}
