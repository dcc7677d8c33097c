import { repositoryURLs, textAt, valueAt } from "./payload.js";
import { sameText } from "./proof.js";
import { isSigningKey, standardWebhooksRefusal } from "./standard-webhooks.js";
import type { Delivery, Forge } from "./webhook.js";

const PUSHES: ReadonlySet<unknown> = new Set(["push", "tag_push"]);

/**
 * GitLab: the signing token (`whsec_...`, Standard Webhooks) or the older secret token in plain text.
 * A hook may send both; where a signing token is known here, only the signature counts.
 */
export const gitlab: Forge = {
  proof: {
    shown: (headers) => headers.has("webhook-signature") || headers.has("x-gitlab-token"),
    refusal: (delivery, secrets) => {
      const keys = secrets.filter(isSigningKey);
      if (delivery.headers.has("webhook-signature") && keys.length > 0) return standardWebhooksRefusal(delivery, keys);
      return tokenRefusal(
        delivery,
        secrets.filter((secret) => !isSigningKey(secret)),
      );
    },
  },
  // X-Gitlab-Event-UUID comes last: hooks that were set off by another hook share it.
  deliveryId: (headers) =>
    headers.get("webhook-id") ?? headers.get("idempotency-key") ?? headers.get("x-gitlab-event-uuid") ?? undefined,
  event: (_headers, payload) => {
    // The payload rather than the header: a system hook sends pushes as "System Hook".
    if (!PUSHES.has(valueAt(payload, "object_kind"))) return { kind: "ignored" };
    const project = valueAt(payload, "project");
    const names = ["git_http_url", "git_ssh_url", "http_url", "ssh_url", "web_url"];
    return {
      kind: "push",
      repoURLs: repositoryURLs(names.map((name) => valueAt(project, name))),
      ref: textAt(payload, "ref"),
    };
  },
};

function tokenRefusal({ headers }: Delivery, tokens: readonly string[]): string | undefined {
  const token = headers.get("x-gitlab-token");
  if (token === null) return "it is signed, but no signing token (whsec_...) is set here";
  return tokens.some((known) => sameText(known, token)) ? undefined : "X-Gitlab-Token is not the secret";
}
