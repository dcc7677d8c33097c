/**
 * A text that attacks whatever shows it: it ends lines, rows, cells, spans, fences and comments, repaints a terminal, turns its
 * reading order, runs CI commands and spreadsheet formulas, and calls people.
 */
export const HOSTILE = [
  "=n\u001b[31m\u001b[2J\u009b8m",
  "\u202etxet\u2066\u200b\u2028FORGED",
  "\nFORGED: 0 to create\r\nFORGED,row\rFORGED",
  "\tFORGED | x | y |",
  " @admin org/repo#1 !2 https://evil.example www.evil.example [x](https://evil.example) ![i](x)",
  " <b>html</b> --> </details> `code` ``` *b* _i_ :white_check_mark: &#64;admin",
  "\n```\n---\nFORGED: {kind: Forged}\n::error::FORGED ##[error]FORGED \"q\" 'q' $(reboot) ;reboot {0}",
].join("");

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** What is wrong with an output into which hostile texts went; `lines` are those of our own form. */
export function harmIn(output: string, format: string): string[] {
  const lines = output.split(format === "csv" ? "\r\n" : "\n");
  const harm = lines.flatMap((line) => [
    ...(UNSEEN.test(line) ? [`not seen: ${JSON.stringify(line)}`] : []),
    ...(/^\W*(FORGED|::error)/.test(line) ? [`a line of its own: ${line}`] : []),
    ...(/##\[error\]|^\s*::error::/.test(line) ? [`CI command: ${line}`] : []),
  ]);
  return format === "markdown" ? [...harm, ...markdownHarm(output)] : harm;
}

function markdownHarm(output: string): string[] {
  const fences = output.match(/^```/gm)?.length ?? 0;
  const prose = output.replace(/^```diff\n[\s\S]*?^```$/gm, "").replace(/(`+)[^\n]*?[^`]\1(?!`)/g, "");
  const rules: [string, RegExp][] = [
    ["mention", /(?<!\w)@\w/],
    ["reference", /[\w-]#\d|(?<![&\w])#\d|!\d/],
    ["link", /https?:\/\/|www\.(?!&)|(?<!\\)\]\(/],
    ["image", /!(?<!\\)\[/],
    ["HTML", /(?<!\\)<(?!!-- spiderplan|\/?details>|\/?summary>)\/?[a-z!]/],
    ["code", /(?<!\\)`/],
    ["emoji", /:white_check_mark:/],
    ["entity", /&(?!amp;|#8203;)/],
  ];
  return [
    ...(fences === 0 || fences === 2 ? [] : [`${fences} fences`]),
    ...rules.flatMap(([name, rule]) => {
      const found = rule.exec(prose);
      return found === null ? [] : [`${name}: ${prose.slice(Math.max(0, found.index - 40), found.index + 40)}`];
    }),
    ...prose
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .filter((line) => (line.replaceAll("\\|", "").match(/\|/g)?.length ?? 0) !== 6)
      .map((line) => `row: ${line}`),
  ];
}
