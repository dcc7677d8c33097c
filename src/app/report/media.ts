import { printable } from "../../core/printable.js";

/*
 * How an outside text is written in each medium but plain text, which is `printable`. Every report goes through the one
 * function of its medium, so that a name forges no row, no mention, no link and no end of what it stands in.
 */

/** Ends what an `@`, `#` or another mark of a forge would link to, without being seen. */
const BREAK = "&#8203;";

/**
 * Text of a comment on a forge, in a line or a table's cell: no markup, no HTML, no row, no link, nobody is told. A backslash
 * does not stop a mention: forges look for them after they read the Markdown.
 */
export function markdownText(text: string): string {
  return printable(text)
    .replace(/[\\`*_~|<>[\]&]/g, (mark) => (mark === "&" ? "&amp;" : `\\${mark}`))
    .replace(/[@#!~%$](?=[\p{L}\p{N}_"{])/gu, (mark) => mark + BREAK)
    .replace(/(https?|ftp|mailto|xmpp):/gi, (scheme) => scheme + BREAK)
    .replace(/www\./gi, (www) => www + BREAK)
    .replace(/\b(GH)-(?=\d)/gi, `$1-${BREAK}`)
    .replace(/:(?=[\w+-]{0,60}[g-z_+][\w+-]{0,60}:)/gi, (mark) => mark + BREAK);
}

/** A name in a code span, whatever backticks it has. Inside one a forge links nothing. */
export function markdownCode(text: string): string {
  const shown = printable(text);
  const runs = shown.match(/`+/g) ?? [];
  const fence = "`".repeat(runs.reduce((most, run) => Math.max(most, run.length), 0) + 1);
  return fence === "`" ? `\`${shown}\`` : `${fence} ${shown} ${fence}`;
}

/** One line within a code fence: it neither ends the fence, nor tells anybody where a mail shows it as plain text. */
export function markdownFenced(text: string): string {
  return printable(text)
    .replace(/`{3,}|~{3,}/g, (run) => "'".repeat(run.length))
    .replace(/(?<![\w/.])@(?=[a-z0-9])/gi, "\\u0040");
}

/** Within an HTML comment, which ends at its first `-->`; ordinary names and paths stay as they are. */
export function markdownComment(text: string): string {
  return printable(text).replaceAll("--", "- -").replace(/[<>]/g, "_");
}

/** Rows of a CSV file, each cell escaped. */
export function csvText(rows: readonly (readonly string[])[]): string {
  return `${rows.map((cells) => cells.map(csvCell).join(",")).join("\r\n")}\r\n`;
}

/** RFC 4180, and what a spreadsheet would run as a formula made text. */
export function csvCell(text: string): string {
  const shown = printable(text);
  const safe = /^\s*[=+\-@\uff0b\uff0d\uff1d\uff20]/.test(shown) ? `'${shown}` : shown;
  return /[",;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Text of an XML element or attribute; what XML 1.0 cannot hold at all is not printable either. */
export function xmlText(text: string): string {
  return printable(text)
    .replace(/[\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Plain text of a SARIF message: no embedded link, no placeholder (SARIF 2.1.0, 3.11.5 and 3.11.6). */
export function sarifText(text: string): string {
  return printable(text)
    .replaceAll("](", "] (")
    .replace(/\{(\d+)\}/g, "{{$1}}");
}

/** One segment of a file's URI. */
export function uriSegment(text: string): string {
  return encodeURIComponent(text.replace(/\p{Cs}/gu, "\ufffd"));
}

/** A word that may be pasted into a shell, on one line. */
export function shellWord(text: string): string {
  const shown = printable(text);
  return /^[\w./:@=+-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}

/** A file name of ours made of other names: it leads nowhere but into its folder. */
export function fileName(text: string): string {
  return text.replace(/[^\w.-]/g, "_").slice(0, 240);
}
