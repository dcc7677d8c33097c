const WIDTH = 100;

/**
 * A line that starts with `head` and goes on with the parts, three blanks apart; a part that would run past 100 columns
 * goes to a line of its own, indented. Parts that are longer than a line are broken at blanks.
 */
export function flow(head: string, parts: readonly string[], indent: string): string[] {
  const lines: string[] = [];
  let line = head;
  for (const part of parts.filter((text) => text !== "")) {
    if (line !== "" && line.length + 3 + part.length <= WIDTH) line = `${line}   ${part}`;
    else {
      if (line !== "") lines.push(line);
      const broken = wrap(part, WIDTH - indent.length).map((text) => indent + text);
      for (const line of broken.slice(0, -1)) lines.push(line);
      line = broken.at(-1) ?? "";
    }
  }
  if (line !== "") lines.push(line);
  return lines.map((text) => text.trimEnd());
}

/** Breaks a text at blanks so that no line is longer than `width`, unless one word is. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Rows as columns, each as wide as its widest cell, two blanks apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

/** `10.0.0.1-10.0.0.9, 10.0.0.20`, cut after a few ranges: the whole list is in the JSON output. */
export function shortList(texts: readonly string[], most = 4): string {
  if (texts.length <= most) return texts.join(", ");
  return `${texts.slice(0, most).join(", ")} and ${texts.length - most} more`;
}
