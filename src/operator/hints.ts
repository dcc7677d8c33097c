import { timeText } from "../app/time-text.js";
import { SWITCHES } from "../core/plan-sync/switches.js";
import { readWish } from "../core/plan-sync/wish.js";
import { KINDS } from "../core/spiderpool/objects.js";
import type { Cluster } from "../ports/cluster.js";
import type { Clock } from "../ports/runtime.js";
import { matchesRepository } from "./webhooks/repository-url.js";
import type { WebhookHint } from "./webhooks/webhook.js";

/** Whether a hint is about a repository. */
export function isAbout(hint: WebhookHint, repoURL: string): boolean {
  return hint.repoURLs.some((url) => matchesRepository(url, repoURL));
}

/**
 * A replica that does not lead hands a hint on by a mark on the PlanSyncs it is about.
 * @returns how many there are
 */
export async function passOn(hint: WebhookHint, cluster: Cluster, clock: Clock): Promise<number> {
  const { items } = await cluster.list(KINDS.PlanSync);
  const about = items.filter((object) => isAbout(hint, readWish(object).source.repoURL));
  for (const { metadata } of about) {
    const ref = { kind: KINDS.PlanSync, namespace: metadata.namespace, name: metadata.name };
    await cluster.patch(ref, { metadata: { annotations: { [SWITCHES.hintedAt]: timeText(clock.now()) } } });
  }
  return about.length;
}
