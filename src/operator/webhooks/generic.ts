import { githubPush } from "./github.js";
import { repositoryURLs, textAt, valueAt } from "./payload.js";
import { hexHmac } from "./proof.js";
import type { Forge } from "./webhook.js";

/**
 * Anything that can sign: `X-Signature: sha256=<hex>` over `{"repoURL": "...", "ref": "refs/heads/main"}`, or over a
 * `repository` object in GitHub's form. It tells no delivery id, and the same bytes may be two pushes: none is dropped.
 */
export const generic: Forge = {
  proof: hexHmac(["x-signature"], "sha256="),
  deliveryId: () => undefined,
  event: (_headers, payload) => {
    const named = repositoryURLs([valueAt(payload, "repoURL")]);
    return named.length > 0 ? { kind: "push", repoURLs: named, ref: textAt(payload, "ref") } : githubPush(payload);
  },
};
