import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { stringifyYaml } from "../../src/adapters/plan-files/yaml.js";
import { openLogger } from "../../src/adapters/telemetry/logger.js";
import { junit } from "../../src/app/report/diagnostics-junit.js";
import { sarif } from "../../src/app/report/diagnostics-sarif.js";
import {
  csvCell,
  fileName,
  markdownCode,
  markdownComment,
  markdownFenced,
  markdownText,
  shellWord,
} from "../../src/app/report/media.js";
import { printable, printableLines, printableTexts } from "../../src/core/printable.js";
import { HOSTILE, harmIn } from "../support/hostile.js";

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
/** Any text, more often than not of what means something somewhere. */
const evil = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(..."\u001b[m\n\r\t`|@#!~&;:<>-[](){}\\\"'$=,a1 \u202e\u200b\u2028\u0085") }),
  fc
    .array(fc.constantFrom(...HOSTILE.split(" "), "```", "-->", "@a", "](", "::error::", "##[x]", "\n"), {
      maxLength: 12,
    })
    .map((all) => all.join("")),
);
const law = (check: (text: string) => void) => fc.assert(fc.property(evil, check), { numRuns: 2_000 });

describe("what an outside text cannot do", () => {
  test("be unseen in a line of text, or change when escaped again", () =>
    law((text) => {
      const shown = printable(text);
      expect(UNSEEN.test(shown)).toBe(false);
      expect(printable(shown)).toBe(shown);
      expect(shown).not.toMatch(/##[a-z]*\[|^\s*::.*::/i);
    }));

  test("leave the process unseen, in any output; JSON stays the same value", () =>
    law((text) => {
      const json = printableLines(`${JSON.stringify({ [text]: text }, null, 2)}\n`);
      expect(JSON.parse(json)).toEqual({ [text]: text });
      expect(UNSEEN.test(json.replaceAll("\n", ""))).toBe(false);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours
      const bare = printableLines(text).replace(/\u001b\[(?:[12]|22|3[1236]|39)m|\r\n|[\n\t]/g, "");
      expect(UNSEEN.test(bare)).toBe(false);
    }));

  test("change its value in YAML", () =>
    law((text) => {
      fc.pre(!/\p{Cs}/u.test(text));
      const yaml = stringifyYaml({ key: text, [text]: 1 });
      expect(UNSEEN.test(yaml.replace(/[\n\t]|\r\n/g, ""))).toBe(false);
      expect(parseDocument(yaml).toJS()).toEqual({ key: text, [text]: 1 });
    }));

  test("be more than text in a comment on a forge", () =>
    law((text) => {
      expect(harmIn(`- ${markdownText(text)}`, "markdown")).toEqual([]);
      const row = `| ${markdownText(text)} | b |`.replace(/\\[\\|]/g, "");
      expect(row.split("|")).toHaveLength(4);
    }));

  test("end a code span, a fence or an HTML comment", () =>
    law((text) => {
      const code = markdownCode(text);
      const fence = /^`+/.exec(code)![0];
      expect(code.slice(fence.length, -fence.length)).not.toMatch(new RegExp(`(?<!\`)${fence}(?!\`)`));
      expect(markdownFenced(text)).not.toMatch(/```|\n/);
      expect(markdownComment(text)).not.toMatch(/>|\n/);
    }));

  test("end a cell of CSV, or be a formula", () =>
    law((text) => {
      const cell = csvCell(text);
      expect(cell).not.toMatch(/^"?\s*[=+\-@]|[\r\n\t]/);
      if (/[",;]/.test(printable(text))) expect(cell.slice(1, -1).replaceAll('""', "")).not.toContain('"');
      else expect(cell).not.toMatch(/[",;]/);
    }));

  test("end an element of JUnit XML, or start a line of it", () =>
    law((text) => {
      const told = (words: string) => {
        const one = { code: "SP2001", message: words, hint: words, file: words } as const;
        return junit([
          { ...one, severity: "error" },
          { ...one, severity: "warning" },
        ]);
      };
      const xml = told(text);
      expect(xml.replace(/[^<>\n]/g, "")).toBe(told("calm").replace(/[^<>\n]/g, ""));
      expect(xml).not.toMatch(/&(?!(amp|lt|gt|quot|apos);)/);
    }));

  test("be a link of a SARIF message", () =>
    law((text) => {
      const one = { code: "SP2001", severity: "error", message: text, hint: text, file: text, line: 1 } as const;
      const log = sarif([one], "1", (file) => file) as { runs: { results: { message: { text: string } }[] }[] };
      expect(log.runs[0]!.results[0]!.message.text).not.toMatch(/\]\(|(?<!\{)\{\d+\}/);
    }));

  test("be a second command, or a path", () =>
    law((text) => {
      const word = shellWord(text);
      expect(word).toMatch(/^([\w./:@=+-]+|'.*')$/);
      expect(word.replace(/'\\''/g, "").slice(1, -1)).not.toContain("'");
      expect(fileName(text)).toMatch(/^[\w.-]*$/);
    }));

  test.each(["json", "text"] as const)("be a second line of the log as %s", (format) =>
    law((text) => {
      const lines: string[] = [];
      const logger = openLogger({ level: "info", format, write: (line) => lines.push(line) });
      logger.info({ name: text, [text]: text }, text);
      expect(lines).toHaveLength(1);
      expect(UNSEEN.test(lines[0]!.slice(0, -1))).toBe(false);
      expect(lines[0]!.endsWith("\n")).toBe(true);
    }),
  );

  test("be unseen in a status or an event, keys included", () =>
    law((text) => {
      const status = JSON.stringify(printableTexts({ a: [text], [text]: { b: text }, n: 1, t: true, u: null }));
      expect(UNSEEN.test(status)).toBe(false);
    }));
});

test.each([
  ["10.6.124.20-10.6.124.24", "kube-system/macvlan-124", "fd00:a:b::1", "default/Deployment/web/net1 app-v4"],
  ["netz-ü.例", "v1.2.2", "sha256:abcdef", "label printers (floor 2)"],
])("ordinary names stay as they are: %s, %s, %s, %s", (...names) => {
  for (const name of names) expect([printable(name), markdownText(name)]).toEqual([name, name]);
});
