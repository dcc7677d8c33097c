import { listAt, onlyRef, repositoryURLs, textAt, valueAt } from "./payload.js";
import { sameText } from "./proof.js";
import type { Forge } from "./webhook.js";

/** Azure DevOps signs nothing: its service hooks log in with HTTP basic authentication; the secret is `user:password`. */
export const azureDevOps: Forge = {
  proof: {
    shown: (headers) => /^basic /i.test(headers.get("authorization") ?? ""),
    refusal: ({ headers }, secrets) => {
      const sent = Buffer.from((headers.get("authorization") ?? "").slice("basic ".length), "base64").toString();
      return secrets.some((secret) => sameText(secret, sent)) ? undefined : "user or password is not the secret";
    },
  },
  // The id of the event in the payload is there in every version; the header is not.
  deliveryId: (headers, payload) => textAt(payload, "id") ?? headers.get("x-vss-activityid") ?? undefined,
  event: (_headers, payload) => {
    if (valueAt(payload, "eventType") !== "git.push") return { kind: "ignored" };
    const repository = valueAt(payload, "resource", "repository");
    const names = ["remoteUrl", "sshUrl", "webUrl"];
    return {
      kind: "push",
      repoURLs: repositoryURLs(names.map((name) => valueAt(repository, name))),
      ref: onlyRef(listAt(payload, "resource", "refUpdates").map((update) => textAt(update, "name"))),
    };
  },
};
