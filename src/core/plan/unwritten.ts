/** Characters that look like a blank or like nothing, and are neither to YAML nor in any value of a plan. */
const STRANGE: ReadonlyMap<string, string> = new Map([
  ["\u0085", "a next-line character"],
  ["\u00a0", "a no-break space"],
  ["\u00ad", "a soft hyphen"],
  ["\u2007", "a figure space"],
  ["\u200b", "a zero-width space"],
  ["\u200c", "a zero-width non-joiner"],
  ["\u200d", "a zero-width joiner"],
  ["\u2028", "a line separator"],
  ["\u2029", "a paragraph separator"],
  ["\u202f", "a narrow no-break space"],
  ["\u2060", "a word joiner"],
  ["\u3000", "an ideographic space"],
  ["\ufeff", "a byte order mark"],
]);

/** The first character of a text that nobody sees and nobody meant, `a no-break space (U+00A0)`. */
export function strangeBlank(text: string): string | undefined {
  for (const character of text) {
    const name = STRANGE.get(character);
    if (name === undefined) continue;
    const number = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    return `${name} (U+${number})`;
  }
  return undefined;
}

/** Why a value was never meant to be read as it stands: nobody filled its template in, or an editor changed it. */
export function unwritten(text: string): string | undefined {
  if (/\{\{|\{%|\$\{|<%/.test(text)) return "it is a template that nobody has filled in";
  const strange = strangeBlank(text);
  if (strange !== undefined) return `it holds ${strange}`;
  return /[\u2018-\u201f\u00ab\u00bb]/.test(text) ? "it holds typographic quotes" : undefined;
}
