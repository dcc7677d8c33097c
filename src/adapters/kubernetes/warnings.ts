/** The texts of `Warning:` headers of code 299, the ones API servers send (RFC 7234, 5.5). */
export function readWarnings(header: string | readonly string[]): string[] {
  const text = typeof header === "string" ? header : header.join(", ");
  const found = text.matchAll(/\b299\s+\S+\s+"((?:[^"\\]|\\.)*)"/g);
  return [...found].map((match) => match[1]!.replace(/\\(.)/g, "$1"));
}
