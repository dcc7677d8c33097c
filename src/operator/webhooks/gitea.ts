import { githubPush } from "./github.js";
import { hexHmac } from "./proof.js";
import type { Forge } from "./webhook.js";

/** Gitea: HMAC-SHA256 in hex without a prefix. It has no ping: its test button sends a push. */
export const gitea: Forge = likeGitea(["gitea"]);

/** Forgejo sends Gitea's headers too; where both are there, its own count. */
export const forgejo: Forge = likeGitea(["forgejo", "gitea"]);

function likeGitea(brands: readonly string[]): Forge {
  const header = (headers: Headers, name: string) =>
    brands.map((brand) => headers.get(`x-${brand}-${name}`)).find((value) => value !== null);
  return {
    proof: hexHmac(
      brands.map((brand) => `x-${brand}-signature`),
      "",
    ),
    deliveryId: (headers) => header(headers, "delivery") ?? undefined,
    event: (headers, payload) => (header(headers, "event") === "push" ? githubPush(payload) : { kind: "ignored" }),
  };
}
