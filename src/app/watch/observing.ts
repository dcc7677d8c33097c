import { ClusterError } from "../../core/cluster-error.js";
import type { Diagnostic } from "../../core/diagnostics.js";
import { buildSnapshot, type Snapshot } from "../../core/snapshot.js";
import { KINDS, type Kind, type KubeObject } from "../../core/spiderpool/objects.js";
import { noSpiderpool, type Observation, SPIDERPOOL_KINDS, unreadable } from "../observation.js";
import type { FactsPoll } from "./facts-poll.js";
import { isNotServed, type Reflector } from "./reflector.js";

/** Makes observations of what reflectors hold, none twice. */
export class Observing {
  #memo: { readonly of: string; readonly observation: Observation } | undefined;

  constructor(private readonly poll: Pick<FactsPoll, "read">) {}

  /**
   * As `observe` would answer (app/observe.ts).
   * @throws ClusterError where it would
   */
  observation(reflectors: readonly Reflector[]): Observation {
    const facts = this.poll.read ?? { facts: {}, diagnostics: [] };
    const of = JSON.stringify([
      facts.object?.data,
      facts.diagnostics,
      ...reflectors.map(({ kind, revision, state }) => [
        kind.apiVersion,
        kind.kind,
        revision,
        state.type,
        isNotServed(state),
      ]),
    ]);
    if (this.#memo?.of === of) return this.#memo.observation;
    const observation = read(reflectors, facts, this.#memo?.observation.snapshot);
    this.#memo = { of, observation };
    return observation;
  }
}

function read(
  reflectors: readonly Reflector[],
  facts: NonNullable<FactsPoll["read"]>,
  before: Snapshot | undefined,
): Observation {
  const diagnostics: Diagnostic[] = [...facts.diagnostics];
  const complete: string[] = [];
  for (const { kind, state } of reflectors) {
    const needed = SPIDERPOOL_KINDS.includes(kind);
    if (needed && state.type === "listing") throw state.error ?? unread(kind);
    if (kind === KINDS.SpiderIPPool && isNotServed(state)) throw noSpiderpool();
    if (state.type === "missing" && state.reason === "forbidden") diagnostics.push(unreadable(kind, state.error));
    else if (state.type !== "listing") complete.push(kind.kind);
  }
  const items = inOrder(reflectors, facts.object);
  return { snapshot: buildSnapshot(items, complete, facts.facts, before), items, diagnostics };
}

function unread(kind: Kind): ClusterError {
  return new ClusterError("Unavailable", `${kind.plural} were not read yet`, true);
}

/** As `inKindOrder`, of kinds each of which is in order. */
function inOrder(reflectors: readonly Reflector[], configuration: KubeObject | undefined): KubeObject[] {
  const kinds = [
    ...reflectors.map((one) => ({ key: `${one.kind.kind} ${one.kind.apiVersion}`, objects: one.objects() })),
    ...(configuration === undefined
      ? []
      : [{ key: `${configuration.kind} ${configuration.apiVersion}`, objects: [configuration] }]),
  ];
  const items: KubeObject[] = [];
  for (const { objects } of kinds.sort((a, b) => (a.key < b.key ? -1 : 1))) for (const one of objects) items.push(one);
  return items;
}
