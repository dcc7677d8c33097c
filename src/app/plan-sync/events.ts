import { isClusterError } from "../../core/cluster-error.js";
import { printable } from "../../core/printable.js";
import { KINDS, type KubeObject } from "../../core/spiderpool/objects.js";
import type { Cluster } from "../../ports/cluster.js";
import type { Clock } from "../../ports/runtime.js";
import type { Logger } from "../../ports/telemetry.js";
import { timeText } from "../time-text.js";

/** The same event of the same object is told once in this time, in milliseconds. */
const QUIET = 600_000;

/** What happened, in the words of ANCHORS 3.6. */
export type EventReason =
  | "Applied"
  | "Blocked"
  | "BuildFailed"
  | "DriftCorrected"
  | "DriftDetected"
  | "Fighting"
  | "InternalError"
  | "OverrideAbsorbed"
  | "OverrideExpired"
  | "SyncFailed"
  | "SourceFailed"
  | "Orphaned";

const WARNINGS = new Set<EventReason>([
  "Blocked",
  "BuildFailed",
  "DriftDetected",
  "Fighting",
  "InternalError",
  "OverrideExpired",
  "SyncFailed",
  "SourceFailed",
]);

/** Tells people what happened to a PlanSync, as Kubernetes Events; one that cannot be written is logged and lost. */
export class EventRecorder {
  readonly #told = new Map<string, number>();
  #count = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly reporter: string,
  ) {}

  /** @param cause what makes two events the same one; the message unless given */
  async tell(about: KubeObject, reason: EventReason, message: string, cause = message): Promise<void> {
    const now = this.clock.now();
    const { namespace = "default", name, uid } = about.metadata;
    const key = `${namespace}/${name} ${reason} ${cause}`;
    for (const [old, at] of this.#told) if (now - at >= QUIET) this.#told.delete(old);
    if (this.#told.has(key)) return;
    this.#told.set(key, now);
    const time = timeText(now);
    const event = {
      apiVersion: KINDS.Event.apiVersion,
      kind: KINDS.Event.kind,
      metadata: { namespace, name: `${name.slice(0, 220)}.${now.toString(16)}-${(this.#count++).toString(16)}` },
      involvedObject: { apiVersion: about.apiVersion, kind: about.kind, namespace, name, ...(uid && { uid }) },
      reason,
      message: printable(message).slice(0, 1024),
      type: WARNINGS.has(reason) ? "Warning" : "Normal",
      source: { component: "spiderplan" },
      reportingComponent: "spiderplan",
      reportingInstance: this.reporter,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    };
    try {
      await this.cluster.create(event as KubeObject, KINDS.Event);
    } catch (error) {
      if (!isClusterError(error)) throw error;
      this.logger.debug({ reason, error: error.message }, "an event could not be written");
    }
  }
}
