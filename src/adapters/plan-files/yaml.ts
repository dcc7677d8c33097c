import { parse, parseAllDocuments, stringify } from "yaml";

/**
 * Reads YAML that is no plan: one document, no positions. The library's own check of duplicate keys is quadratic, so
 * it is off and the last of two equal keys counts.
 * @throws when the text is not YAML
 */
export function parseYaml(text: string): unknown {
  return parse(text, { uniqueKeys: false, maxAliasCount: 100, logLevel: "error" });
}

/**
 * The documents of a YAML stream, as `kubectl apply` reads it; empty ones are left out.
 * @throws when a document is not YAML
 */
export function parseYamlStream(text: string): unknown[] {
  const documents = parseAllDocuments(text, { uniqueKeys: false, logLevel: "error" });
  return [...documents]
    .map((document) => {
      if (document.errors[0] !== undefined) throw document.errors[0];
      return document.toJS({ maxAliasCount: 100 }) as unknown;
    })
    .filter((value) => value !== null && value !== undefined);
}

/**
 * Reads a stream of YAML documents that are no plan, such as rendered manifests; empty ones are left out.
 * @throws when the text is not YAML
 */
export function parseYamlDocuments(text: string): unknown[] {
  const documents = parseAllDocuments(text, { uniqueKeys: false, logLevel: "error" });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const [fault] = document.errors;
    if (fault !== undefined) throw fault;
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return value === null || value === undefined ? [] : [value];
  });
}

/** A value as YAML: long lines stay whole, equal objects are written out each time. */
export function stringifyYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
