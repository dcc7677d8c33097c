/** Paths of fields that are in `given` and gone from `kept`: what the schema does not know. Metadata and lists' new items are left out. */
export function unknownFields(given: unknown, kept: unknown, path = ""): string[] {
  if (Array.isArray(given)) {
    if (!Array.isArray(kept)) return [];
    return given.flatMap((item, index) => unknownFields(item, kept[index], `${path}[${index}]`));
  }
  if (typeof given !== "object" || given === null || typeof kept !== "object" || kept === null) return [];
  const after = kept as Record<string, unknown>;
  return Object.entries(given).flatMap(([key, value]) => {
    const at = path === "" ? key : `${path}.${key}`;
    if (at === "metadata" || value === undefined || value === null) return [];
    return Object.hasOwn(after, key) ? unknownFields(value, after[key], at) : [at];
  });
}
