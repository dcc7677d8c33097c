import { repositoryKey } from "./repository-url.js";

/** No URL of a repository is longer; the same as in the schema of PlanSync. */
const MAX_URL = 2048;

/** What stands at a path of a parsed payload; undefined when there is nothing. Never walks into prototypes. */
export function valueAt(payload: unknown, ...path: readonly (string | number)[]): unknown {
  let value = payload;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}

/** The text at a path; undefined when there is none or it is empty. */
export function textAt(payload: unknown, ...path: readonly (string | number)[]): string | undefined {
  const value = valueAt(payload, ...path);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The list at a path; empty when there is none. */
export function listAt(payload: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const value = valueAt(payload, ...path);
  return Array.isArray(value) ? value : [];
}

/** Those of the values that are URLs of repositories, each once. */
export function repositoryURLs(values: readonly unknown[]): readonly string[] {
  const urls = values.filter(
    (value): value is string =>
      typeof value === "string" && value.length <= MAX_URL && repositoryKey(value) !== undefined,
  );
  return [...new Set(urls)];
}

/** The one reference that changed; undefined when there were several or none. */
export function onlyRef(refs: readonly (string | undefined)[]): string | undefined {
  return refs.length === 1 ? refs[0] : undefined;
}
