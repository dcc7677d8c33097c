import { createHmac, randomUUID } from "node:crypto";
import type { WebhookSource } from "../../src/operator/webhooks/webhook.js";

/** What a forge knows when somebody pushed. */
export interface Push {
  /** Secret set at the forge: a text; `whsec_` + base64 for GitLab's signing token; `user:password` for Azure DevOps. */
  readonly secret: string;
  /** Where the repository is cloned from, over HTTP or HTTPS. */
  readonly repoURL: string;
  /** `refs/heads/main`. */
  readonly ref: string;
  readonly commit: string;
  /** Seconds since 1970; now by default. Only GitLab's signing token covers it. */
  readonly timestamp?: number;
  /** A new one by default. */
  readonly deliveryId?: string;
}

/** An HTTP request as a forge sends it. */
export interface SignedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The request with which a forge tells of a push, signed as that forge signs it. */
export function signedPush(source: WebhookSource, push: Push): SignedRequest {
  const body = JSON.stringify(payloads[source](push));
  return {
    path: `/hooks/${source}`,
    headers: { "content-type": "application/json", ...headers[source](push.deliveryId ?? randomUUID(), body, push) },
    body,
  };
}

/** HMAC-SHA256 of a body in hex. */
export function hexSignature(secret: string, body: string): string {
  return createHmac("sha256", secret).update(body).digest("hex");
}

/** Signature of the Standard Webhooks specification, `v1,<base64>`. */
export function standardSignature(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

const BEFORE = "0123456789abcdef0123456789abcdef01234567";

const headers: Record<WebhookSource, (id: string, body: string, push: Push) => Record<string, string>> = {
  github: (id, body, { secret }) => ({
    "user-agent": "GitHub-Hookshot/044aadd",
    "x-github-event": "push",
    "x-github-delivery": id,
    "x-hub-signature": `sha1=${createHmac("sha1", secret).update(body).digest("hex")}`,
    "x-hub-signature-256": `sha256=${hexSignature(secret, body)}`,
  }),
  gitlab: (id, body, { secret, timestamp = Math.floor(Date.now() / 1000) }) => ({
    "user-agent": "GitLab/18.9.0",
    "x-gitlab-event": "Push Hook",
    "x-gitlab-event-uuid": randomUUID(),
    "idempotency-key": id,
    ...(secret.startsWith("whsec_")
      ? {
          "webhook-id": id,
          "webhook-timestamp": String(timestamp),
          "webhook-signature": standardSignature(secret, id, timestamp, body),
        }
      : { "x-gitlab-token": secret }),
  }),
  gitea: (id, body, { secret }) => ({ ...giteaHeaders("gitea", id, hexSignature(secret, body)) }),
  forgejo: (id, body, { secret }) => {
    const signature = hexSignature(secret, body);
    return { ...giteaHeaders("gitea", id, signature), ...giteaHeaders("forgejo", id, signature) };
  },
  "bitbucket-server": (id, body, { secret }) => ({
    "x-event-key": "repo:refs_changed",
    "x-request-id": id,
    "x-hub-signature": `sha256=${hexSignature(secret, body)}`,
  }),
  "bitbucket-cloud": (id, body, { secret }) => ({
    "user-agent": "Bitbucket-Webhooks/2.0",
    "x-event-key": "repo:push",
    "x-hook-uuid": "{3d4e8d9c-2b6a-4b53-9c1e-0d7a8f6b1c11}",
    "x-request-uuid": id,
    "x-hub-signature": `sha256=${hexSignature(secret, body)}`,
  }),
  "azure-devops": (id, _body, { secret }) => ({
    "user-agent": "VSServices/20.256.36430.4 (w3wp.exe) (Service 20)",
    "x-vss-activityid": id,
    authorization: `Basic ${Buffer.from(secret).toString("base64")}`,
  }),
  generic: (_id, body, { secret }) => ({ "x-signature": `sha256=${hexSignature(secret, body)}` }),
};

function giteaHeaders(name: string, id: string, signature: string): Record<string, string> {
  return {
    [`x-${name}-event`]: "push",
    [`x-${name}-event-type`]: "push",
    [`x-${name}-delivery`]: id,
    [`x-${name}-signature`]: signature,
    "x-github-event": "push",
    "x-github-delivery": id,
    "x-hub-signature-256": `sha256=${signature}`,
  };
}

const payloads: Record<WebhookSource, (push: Push) => object> = {
  github: githubPayload,
  gitea: githubPayload,
  forgejo: githubPayload,
  gitlab: ({ repoURL, ref, commit }) => ({
    object_kind: "push",
    event_name: "push",
    before: BEFORE,
    after: commit,
    ref,
    checkout_sha: commit,
    project: {
      web_url: page(repoURL),
      git_http_url: repoURL,
      git_ssh_url: ssh(repoURL),
      homepage: page(repoURL),
      url: ssh(repoURL),
      path_with_namespace: path(repoURL),
    },
    repository: { url: ssh(repoURL), homepage: page(repoURL), git_http_url: repoURL, git_ssh_url: ssh(repoURL) },
  }),
  "bitbucket-server": ({ repoURL, ref, commit }) => ({
    eventKey: "repo:refs_changed",
    repository: {
      slug: "plans",
      links: {
        clone: [
          { href: repoURL, name: "http" },
          { href: ssh(repoURL), name: "ssh" },
        ],
        self: [{ href: `${new URL(repoURL).origin}/projects/NET/repos/plans/browse` }],
      },
    },
    changes: [{ ref: { id: ref, displayId: branch(ref), type: "BRANCH" }, fromHash: BEFORE, toHash: commit }],
  }),
  "bitbucket-cloud": ({ repoURL, ref, commit }) => ({
    repository: {
      type: "repository",
      full_name: path(repoURL),
      links: { self: { href: "https://api.bitbucket.org/2.0/repositories/net/plans" }, html: { href: page(repoURL) } },
    },
    push: { changes: [{ new: { type: "branch", name: branch(ref), target: { hash: commit } } }] },
  }),
  "azure-devops": ({ repoURL, ref, commit, deliveryId }) => ({
    id: deliveryId ?? randomUUID(),
    eventType: "git.push",
    publisherId: "tfs",
    resource: {
      refUpdates: [{ name: ref, oldObjectId: BEFORE, newObjectId: commit }],
      repository: { name: "plans", url: `${new URL(repoURL).origin}/_apis/git/repositories/1`, remoteUrl: repoURL },
    },
  }),
  generic: ({ repoURL, ref }) => ({ repoURL, ref }),
};

function githubPayload({ repoURL, ref, commit }: Push): object {
  return {
    ref,
    before: BEFORE,
    after: commit,
    repository: {
      full_name: path(repoURL),
      html_url: page(repoURL),
      clone_url: repoURL,
      ssh_url: ssh(repoURL),
    },
    head_commit: { id: commit, message: "Give the database one more address: für Köln" },
  };
}

function page(repoURL: string): string {
  return repoURL.replace(/\.git$/, "");
}

function path(repoURL: string): string {
  return new URL(page(repoURL)).pathname.slice(1);
}

function ssh(repoURL: string): string {
  return `git@${new URL(repoURL).hostname}:${path(repoURL)}.git`;
}

function branch(ref: string): string {
  return ref.replace(/^refs\/heads\//, "");
}
