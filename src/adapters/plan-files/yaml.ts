import { parseAllDocuments, stringify } from "yaml";

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
