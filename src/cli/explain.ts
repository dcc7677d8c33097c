import { explainDocument, explainText } from "../app/report/explain-report.js";
import { palette } from "../app/report/palette.js";
import { shortKey } from "../core/cluster/workload-of.js";
import { parseAddress } from "../core/ip/address.js";
import { didYouMean } from "../core/plan/suggest.js";
import { explainNic } from "../core/query/explain.js";
import { findTarget } from "../core/query/explain-target.js";
import { isBadAddress } from "../core/query/who-has.js";
import type { Snapshot } from "../core/snapshot.js";
import { resolveFacts } from "../core/spiderpool/facts.js";
import { startingNics } from "../core/spiderpool/ipam/nics.js";
import { sceneOf } from "../core/verdict/replay.js";
import { CliError, type Io } from "./io.js";
import { observeAny } from "./observe.js";
import { type ClusterOptions, type OutputOptions, wantsColor } from "./options.js";
import { serialize } from "./serialize.js";
import { statedFacts } from "./stated-facts.js";

export interface ExplainOptions extends ClusterOptions, OutputOptions {
  readonly path?: string;
  readonly cluster?: string;
  readonly interface?: string;
  readonly node?: string;
}

/** `spiderplan explain WORKLOAD|POD`: which pools it may use on the cluster as it is, and why not the others. */
export async function explainCommand(io: Io, name: string, options: ExplainOptions): Promise<number> {
  const stated = await statedFacts(io, options);
  const { snapshot } = await observeAny(io, options, stated.needs);
  const facts = resolveFacts(snapshot.facts, stated.facts);
  const found = findTarget(snapshot, name, options.node, facts);
  if ("error" in found) throw new CliError(found.error, waysFrom(name, snapshot));
  const scene = sceneOf(snapshot, facts);
  const answers = found.targets.map((target) => {
    const nics = startingNics(target.pod, snapshot, facts).sort();
    if (options.interface !== undefined && !nics.includes(options.interface)) {
      throw new CliError(`Spiderpool serves no ${options.interface} of ${target.title}; it serves ${nics.join(", ")}`);
    }
    const asked = options.interface === undefined ? nics : [options.interface];
    return { target, nics: asked.map((nic) => explainNic(scene, target, nic)) };
  });
  io.stdout.write(
    options.output === "text"
      ? explainText(answers, palette(wantsColor(options.color, io)))
      : serialize(explainDocument(answers), options.output),
  );
  return 0;
}

/** What was probably meant: a name spelt nearly so, one without its namespace, or another question. */
function waysFrom(name: string, { pods, workloads }: Snapshot): string[] {
  if (name.trim() === "") return ["give a Pod or a workload, as default/web-0 or default/Deployment/web"];
  if (parseAddress(name) !== undefined || isBadAddress(name)) return [`who has an address: spiderplan who-has ${name}`];
  const known = [...pods.keys(), ...workloads.keys(), ...[...workloads.keys()].map(shortKey)];
  const elsewhere = known.find((one) => one.endsWith(`/${name}`));
  const meant = elsewhere === undefined ? didYouMean(name, known) : `did you mean ${elsewhere}?`;
  return meant === undefined ? [] : [meant];
}
