import { listAt, onlyRef, repositoryURLs, textAt, valueAt } from "./payload.js";
import { hexHmac } from "./proof.js";
import type { Forge } from "./webhook.js";

const PUSHES: ReadonlySet<string | null> = new Set(["repo:refs_changed", "mirror:repo_synchronized"]);
const PING = "diagnostics:ping";

/** Bitbucket Server and Data Center: HMAC-SHA256 in `X-Hub-Signature`; the connection test comes without one. */
export const bitbucketServer: Forge = {
  proof: hexHmac(["x-hub-signature"], "sha256="),
  unsignedPing: (headers) => headers.get("x-event-key") === PING,
  deliveryId: (headers) => headers.get("x-request-id") ?? undefined,
  event: (headers, payload) => {
    const event = headers.get("x-event-key");
    if (event === PING) return { kind: "ping" };
    if (!PUSHES.has(event)) return { kind: "ignored" };
    const clones = listAt(payload, "repository", "links", "clone").map((link) => valueAt(link, "href"));
    const pages = listAt(payload, "repository", "links", "self").map((link) => valueAt(link, "href"));
    return {
      kind: "push",
      repoURLs: repositoryURLs([...clones, ...pages.map(cloneURL)]),
      ref: onlyRef(listAt(payload, "changes").map((change) => textAt(change, "ref", "id"))),
    };
  },
};

/** The clone URL over HTTP behind a page, `.../projects/NET/repos/plans/browse`: older servers tell only the page. */
function cloneURL(page: unknown): string | undefined {
  if (typeof page !== "string") return undefined;
  const [, base, kind, owner, name] = /^(.*)\/(projects|users)\/([^/]+)\/repos\/([^/]+)(?:\/browse)?$/.exec(page) ?? [];
  if (name === undefined) return undefined;
  const folder = kind === "users" && !owner?.startsWith("~") ? `~${owner}` : owner;
  return `${base}/scm/${folder}/${name}.git`;
}
