/** The API server's advice about a finalizer of Spiderpool's own: nobody who reads it here could follow it. */
const ABOUT_SPIDERPOOL =
  /^metadata\.finalizers: "(?:[\w.-]+\.)?spidernet\.io": prefer a domain-qualified finalizer name/;

/** The texts of `Warning:` headers of code 299, the ones API servers send (RFC 7234, 5.5). */
export function readWarnings(header: string | readonly string[]): string[] {
  const text = typeof header === "string" ? header : header.join(", ");
  const found = text.matchAll(/\b299\s+\S+\s+"((?:[^"\\]|\\.)*)"/g);
  const texts = [...found].map((match) => match[1]!.replace(/\\(.)/g, "$1"));
  return texts.filter((warning) => !ABOUT_SPIDERPOOL.test(warning));
}
