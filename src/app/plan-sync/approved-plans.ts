import { isClusterError } from "../../core/cluster-error.js";
import type { PlanPrint } from "../../core/plan-sync/approval.js";
import { KINDS, type KubeObject, OWN } from "../../core/spiderpool/objects.js";
import type { Cluster, ObjectRef } from "../../ports/cluster.js";
import type { Digest } from "../../ports/runtime.js";
import { printOf } from "../report/plan-json.js";
import { tellRights } from "./configmap-rights.js";
import { fitsConfigMap } from "./configmap-size.js";

/** Prints that are kept; an approval of an older plan is void, and that it is too old to tell why. */
const KEPT = 4;
const KEY = "plans.json";

/**
 * Plans that were offered for approval, kept in a ConfigMap beside the PlanSync: so that after a restart an approval still
 * covers what is left of its plan, and one that is void can say which step changed.
 */
export class ApprovedPlans {
  #prints: readonly PlanPrint[] | undefined;
  #live: KubeObject | undefined;

  constructor(
    private readonly cluster: Cluster,
    private readonly planSync: { readonly namespace: string; readonly name: string },
    private readonly sha256: Digest,
  ) {}

  /** Newest first. @throws ClusterError */
  async known(): Promise<readonly PlanPrint[]> {
    this.#prints ??= await this.#read();
    return this.#prints;
  }

  /**
   * Remembers a plan that waits for approval.
   * @param approved digest of the plan that is approved now: it is not forgotten
   * @throws ClusterError
   */
  async offer(print: PlanPrint, approved: string | undefined): Promise<void> {
    const known = await this.known();
    if (known.some(({ digest }) => digest === print.digest)) return;
    const kept = known.filter(({ digest }, index) => index < KEPT - 1 || digest === approved);
    this.#prints = [print, ...kept];
    await this.#write();
  }

  async #read(): Promise<readonly PlanPrint[]> {
    try {
      this.#live = await this.cluster.get(this.#ref());
    } catch (error) {
      if (isClusterError(error, "NotFound")) return [];
      throw tellRights(error, "mode manual", this.planSync.namespace);
    }
    return parse(this.#live.data?.[KEY] ?? "[]", this.sha256);
  }

  async #write(): Promise<void> {
    const text = format(this.#prints ?? []);
    // Too large for a ConfigMap: kept in memory only.
    if (!fitsConfigMap(text)) return;
    try {
      this.#live = this.#live === undefined ? await this.#create(text) : await this.#replace(this.#live, text);
    } catch (error) {
      // Somebody else wrote or deleted it: what is there is read again.
      this.#prints = undefined;
      this.#live = undefined;
      if (!isClusterError(error, "Conflict", "AlreadyExists", "NotFound"))
        throw tellRights(error, "mode manual", this.planSync.namespace);
    }
  }

  #create(text: string): Promise<KubeObject> {
    const { namespace, name } = this.#ref();
    const metadata = { namespace, name, labels: { [OWN.managedByLabel]: OWN.managedBy } };
    const { apiVersion, kind } = KINDS.ConfigMap;
    return this.cluster.create({ apiVersion, kind, metadata, data: { [KEY]: text } } as KubeObject, KINDS.ConfigMap);
  }

  #replace(live: KubeObject, text: string): Promise<KubeObject> {
    const { uid, resourceVersion } = live.metadata;
    return this.cluster.patch(this.#ref(), { metadata: { uid, resourceVersion }, data: { [KEY]: text } });
  }

  #ref(): ObjectRef {
    const { namespace, name } = this.planSync;
    return { kind: KINDS.ConfigMap, namespace, name: `spiderplan-plans-${name}`.slice(0, 253) };
  }
}

function format(prints: readonly PlanPrint[]): string {
  return JSON.stringify(prints.map(({ digest, text }) => ({ digest, text })));
}

/**
 * What cannot be read is no approved plan, nor is one whose digest is not that of its text: whoever may write ConfigMaps here
 * could else have any plan approved by a digest somebody once said yes to.
 */
function parse(text: string, sha256: Digest): PlanPrint[] {
  try {
    const list = JSON.parse(text) as { digest: string; text: string }[];
    return list.flatMap((one) => (one.digest === `sha256:${sha256(one.text)}` ? [printOf(one.text, sha256)] : []));
  } catch {
    return [];
  }
}
