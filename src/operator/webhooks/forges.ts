import { azureDevOps } from "./azure-devops.js";
import { bitbucketCloud } from "./bitbucket-cloud.js";
import { bitbucketServer } from "./bitbucket-server.js";
import { generic } from "./generic.js";
import { forgejo, gitea } from "./gitea.js";
import { github } from "./github.js";
import { gitlab } from "./gitlab.js";
import type { Forge, WebhookSource } from "./webhook.js";

/** How each source speaks. */
export const FORGES: Readonly<Record<WebhookSource, Forge>> = {
  github,
  gitlab,
  gitea,
  forgejo,
  "bitbucket-server": bitbucketServer,
  "bitbucket-cloud": bitbucketCloud,
  "azure-devops": azureDevOps,
  generic,
};

/** The header by which a forge is known, most telling first: Forgejo sends Gitea's too, and Gitea sends GitHub's. */
const MARKS: readonly (readonly [header: string, source: WebhookSource])[] = [
  ["x-forgejo-event", "forgejo"],
  ["x-gitea-event", "gitea"],
  ["x-github-event", "github"],
  ["x-gitlab-event", "gitlab"],
  ["x-hook-uuid", "bitbucket-cloud"],
  ["x-event-key", "bitbucket-server"],
  ["x-vss-activityid", "azure-devops"],
  ["x-signature", "generic"],
];

/** Which forge sent these headers; undefined when none is known by them. */
export function detectSource(headers: Headers): WebhookSource | undefined {
  return MARKS.find(([header]) => headers.has(header))?.[1];
}
