import { explainDocument, explainText } from "../app/report/explain-report.js";
import { palette } from "../app/report/palette.js";
import { explainNic } from "../core/query/explain.js";
import { findTarget } from "../core/query/explain-target.js";
import { resolveFacts } from "../core/spiderpool/facts.js";
import { askedNics } from "../core/spiderpool/ipam/nics.js";
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
  if ("error" in found) throw new CliError(found.error);
  const scene = sceneOf(snapshot, facts);
  const answers = found.targets.map((target) => {
    const nics = askedNics(target.pod).sort();
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
