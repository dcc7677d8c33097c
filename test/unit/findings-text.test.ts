import { describe, expect, it } from "vitest";
import { briefText, diagnosticText } from "../../src/app/report/diagnostics-text.js";
import { PLAIN } from "../../src/app/report/palette.js";
import type { LocatedDiagnostic } from "../../src/core/diagnostics.js";

const show = (file: string) => `plan/${file}`;
const warning = (more: Partial<LocatedDiagnostic>): LocatedDiagnostic => {
  return { code: "SP2001", severity: "warning", message: "something is odd", ...more };
};

describe("findings that stop nothing", () => {
  it("the same words about many places are told once", () => {
    const many = [1, 2, 3].map((line) => warning({ file: "a.yaml", line, column: 1, hint: "do this" }));
    expect(briefText(many, show, PLAIN)).toEqual([
      "  warning SP2001   plan/a.yaml:1:1 and 2 more places   something is odd",
      "      hint: do this",
    ]);
  });

  it("a hint that neighbours share stands once; warnings come before infos", () => {
    const lines = briefText(
      [
        warning({ severity: "info", message: "for your information" }),
        warning({ message: "first", hint: "do this" }),
        warning({ message: "second", hint: "do this" }),
      ],
      show,
      PLAIN,
    );
    expect(lines).toEqual([
      "  warning SP2001   first",
      "  warning SP2001   second",
      "      hint: do this",
      "  info SP2001   for your information",
    ]);
  });

  it("thousands of them are cut", () => {
    const lines = briefText(
      Array.from({ length: 1_000 }, (_, i) => warning({ message: `number ${i}` })),
      show,
      PLAIN,
    );
    expect(lines).toHaveLength(31);
    expect(lines.at(-1)).toBe("  and 970 more findings: see -o json");
  });
});

describe("the picture of a place", () => {
  const text = (line: string, more: Partial<LocatedDiagnostic>) =>
    diagnosticText(
      warning({ file: "a.yaml", line: 2, ...more }),
      (_file, number) => (number === 2 ? line : number === 1 ? "before: 1" : undefined),
      show,
      PLAIN,
    ).split("\n");

  it("keeps the caret under the text where the line has tabs", () => {
    const lines = text("\tkey: value", { column: 7, endColumn: 12 });
    const caret = lines.at(-1)!;
    const line = lines.at(-2)!;
    expect(line.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1)).toBe("value");
  });

  it("cuts a line of a megabyte", () => {
    const lines = text("x".repeat(1_000_000), { column: 900_000 });
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(200);
    expect(lines.some((line) => line.includes("^"))).toBe(false);
  });

  it("does without a line that cannot be read", () => {
    const found = diagnosticText(warning({ file: "a.yaml", line: 9 }), () => undefined, show, PLAIN);
    expect(found).toBe("plan/a.yaml:9  warning SP2001  something is odd");
  });
});
