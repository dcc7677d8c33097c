import { randomUUID } from "node:crypto";
import type { KubeObject } from "../../core/spiderpool/objects.js";
import { gone } from "./api-error.js";
import type { Resource } from "./resources.js";
import type { Matcher } from "./selection.js";
import { keyOf, type Store } from "./store.js";

/** One page of a list. */
export interface Page {
  readonly items: readonly KubeObject[];
  readonly metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
}

interface Rest {
  readonly items: readonly KubeObject[];
  readonly version: string;
}

/** How many paged lists may be under way; the oldest is forgotten first, and its next page is 410. */
const OPEN_LISTS = 64;

/** Lists in pages. All pages of one list show the state its first page saw. */
export class Lists {
  readonly #open = new Map<string, Rest>();

  constructor(readonly store: Store) {}

  first(resource: Resource, namespace: string, matches: Matcher, limit: number): Page {
    const objects = [...this.store.all(resource.kind.kind).values()];
    const selected = objects.filter(
      (object) => (namespace === "" || object.metadata.namespace === namespace) && matches(object),
    );
    selected.sort((a, b) => (keyOf(a.metadata) < keyOf(b.metadata) ? -1 : 1));
    return this.#page({ items: selected, version: String(this.store.version) }, limit);
  }

  /** @throws ApiError 410 when the list was begun too long ago */
  next(token: string, limit: number): Page {
    const rest = this.#open.get(token);
    if (rest === undefined)
      throw gone("The provided continue parameter is too old to display a consistent list result.");
    return this.#page(rest, limit);
  }

  #page(rest: Rest, limit: number): Page {
    const resourceVersion = rest.version;
    if (limit === 0 || rest.items.length <= limit) return { items: rest.items, metadata: { resourceVersion } };
    const token = randomUUID();
    const left = rest.items.slice(limit);
    this.#open.set(token, { items: left, version: rest.version });
    const oldest = this.#open.size > OPEN_LISTS ? this.#open.keys().next().value : undefined;
    if (oldest !== undefined) this.#open.delete(oldest);
    const metadata = { resourceVersion, continue: token, remainingItemCount: left.length };
    return { items: rest.items.slice(0, limit), metadata };
  }
}
