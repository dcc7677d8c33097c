import { Document, parseAllDocuments, stringify, visit } from "yaml";
import { printable, printableLines } from "../../core/printable.js";

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

const BLANK_LINE = /^[ \t]+$/m;
const FORM = { lineWidth: 0, aliasDuplicateObjects: false } as const;

/**
 * A value as YAML: long lines stay whole, equal objects are written out each time. What is not seen stands as `\uXXXX`, for
 * which the text around it needs double quotes.
 */
export function stringifyYaml(value: unknown): string {
  const text = stringify(value, FORM);
  const document = new Document(value, FORM);
  let blank = false;
  visit(document, {
    Scalar: (_, scalar) => {
      const { value: own } = scalar;
      if (typeof own !== "string") return;
      // A block loses the blanks of a line that has nothing else.
      const loses = BLANK_LINE.test(own) && own.includes("\n");
      if (loses || printable(own) !== own) scalar.type = "QUOTE_DOUBLE";
      blank ||= loses;
    },
  });
  if (!blank && printableLines(text) === text) return text;
  return printableLines(document.toString({ ...FORM, doubleQuotedAsJSON: true }));
}
