/** Who may send hooks; each has its own path, `/hooks/<source>`, and its own secrets. */
export const WEBHOOK_SOURCES = [
  "github",
  "gitlab",
  "gitea",
  "forgejo",
  "bitbucket-server",
  "bitbucket-cloud",
  "azure-devops",
  "generic",
] as const;

export type WebhookSource = (typeof WEBHOOK_SOURCES)[number];

/** What a hook told. Never more than a reason to ask Git again: nothing of it is believed. */
export interface WebhookHint {
  readonly source: WebhookSource;
  /** Every URL the payload names the repository by; at least one. */
  readonly repoURLs: readonly string[];
  /** `refs/heads/main`; absent when several or none were told. */
  readonly ref?: string;
  readonly deliveryId?: string;
}

/** What the payload says happened. */
export type ForgeEvent =
  | { readonly kind: "push"; readonly repoURLs: readonly string[]; readonly ref?: string }
  /** The forge tries out whether the hook works. */
  | { readonly kind: "ping" }
  /** Something that moves no branch and no tag. */
  | { readonly kind: "ignored" };

/** A request as it came, before anything of it is believed. */
export interface Delivery {
  readonly headers: Headers;
  /** The bytes as they came over the wire: what was signed. */
  readonly body: Uint8Array;
  /** When it came, in milliseconds since 1970. */
  readonly now: number;
}

/** How a forge proves that it is the sender. */
export interface Proof {
  /** Whether the headers carry a proof at all; a request without one is refused before its body is read. */
  shown(headers: Headers): boolean;
  /** Why none of the secrets accepts the proof; undefined when one does. The text holds nothing that was sent. */
  refusal(delivery: Delivery, secrets: readonly string[]): string | undefined;
}

/** How one kind of forge speaks. */
export interface Forge {
  readonly proof: Proof;
  /** Whether this is the forge's own connection test, which it cannot sign. */
  unsignedPing?(headers: Headers): boolean;
  /** The same for every try of one delivery; undefined when the forge tells none. */
  deliveryId(headers: Headers, payload: unknown): string | undefined;
  event(headers: Headers, payload: unknown): ForgeEvent;
}
