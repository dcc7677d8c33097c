import { listAt, onlyRef, repositoryURLs, textAt, valueAt } from "./payload.js";
import { hexHmac } from "./proof.js";
import type { Forge } from "./webhook.js";

/** Bitbucket Cloud: HMAC-SHA256 in `X-Hub-Signature`, sent when the hook has a secret. */
export const bitbucketCloud: Forge = {
  proof: hexHmac(["x-hub-signature"], "sha256="),
  deliveryId: (headers) => headers.get("x-request-uuid") ?? undefined,
  event: (headers, payload) => {
    if (headers.get("x-event-key") !== "repo:push") return { kind: "ignored" };
    return {
      kind: "push",
      repoURLs: repositoryURLs([valueAt(payload, "repository", "links", "html", "href")]),
      ref: onlyRef(listAt(payload, "push", "changes").map(refOf)),
    };
  },
};

/** The reference of a change, which is told by kind and short name; a deleted one stands under `old`. */
function refOf(change: unknown): string | undefined {
  const state = valueAt(change, "new") ?? valueAt(change, "old");
  const name = textAt(state, "name");
  if (name === undefined) return undefined;
  return valueAt(state, "type") === "tag" ? `refs/tags/${name}` : `refs/heads/${name}`;
}
