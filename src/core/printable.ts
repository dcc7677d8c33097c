/**
 * Characters that are not seen where they stand: controls, line and paragraph ends, bidi controls and other format
 * characters, half of a pair. With them a name could start a line, repaint a terminal or read in another order.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** The same, but for what a text of several lines is made of: its line ends, tabs, and the colours of our palette; with CI commands. */
const UNSEEN_IN_LINES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|\r(?!\n)|\u001b(?!\[(?:[12]|22|3[1236]|39)m)|#(?=#[a-z]*\[)/giu;
/** What a CI system takes from a log as a command: `##[error]`, `##vso[...]`, and `::error::` at the start of a line. */
const CI_COMMAND = /#(?=#[a-z]*\[)|^(\s*):(?=:.*::)/gi;

/**
 * An outside text (a name, a message of a server, a file of a repository) as part of one line of text: of a terminal, of a log,
 * of a condition or an event. Nothing in it starts a line, moves a cursor, changes a colour or hides.
 */
export function printable(text: string): string {
  return text.replace(UNSEEN, escaped).replace(CI_COMMAND, (match) => match.slice(0, -1) + escaped(match.slice(-1)));
}

/**
 * A whole output as it leaves the process, whatever its form. Its lines and colours are ours by then; everything else that is
 * not seen is written as `\uXXXX`, which inside JSON, and inside double quotes of YAML, is the same character.
 */
export function printableLines(text: string): string {
  return text.replace(UNSEEN_IN_LINES, escaped);
}

/** Every text within a value; the value itself where there is nothing to change. */
export function printableTexts<T>(value: T): T {
  if (typeof value === "string") return printable(value) as T;
  if (Array.isArray(value)) return value.map(printableTexts) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [printable(key), printableTexts(part)])) as T;
}

/** In UTF-16 units, as JSON writes them. */
function escaped(character: string): string {
  let text = "";
  for (let i = 0; i < character.length; i++) text += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  return text;
}
