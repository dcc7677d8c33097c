import { repositoryURLs, textAt, valueAt } from "./payload.js";
import { hexHmac } from "./proof.js";
import type { Forge, ForgeEvent } from "./webhook.js";

/** GitHub: HMAC-SHA256 in `X-Hub-Signature-256`; the SHA-1 of `X-Hub-Signature`, sent beside it, is not looked at. */
export const github: Forge = {
  proof: hexHmac(["x-hub-signature-256"], "sha256="),
  deliveryId: (headers) => headers.get("x-github-delivery") ?? undefined,
  event: (headers, payload) => {
    const event = headers.get("x-github-event");
    if (event === "ping") return { kind: "ping" };
    return event === "push" ? githubPush(payload) : { kind: "ignored" };
  },
};

/** A push in GitHub's form, which Gitea and Forgejo send too. */
export function githubPush(payload: unknown): ForgeEvent {
  const repository = valueAt(payload, "repository");
  const names = ["clone_url", "ssh_url", "git_url", "html_url"];
  return {
    kind: "push",
    repoURLs: repositoryURLs(names.map((name) => valueAt(repository, name))),
    ref: textAt(payload, "ref"),
  };
}
